package ingress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Annotations of an Ingress that GKE reads
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration).
const (
	annotationAttached       = "ingress.gcp.kubernetes.io/pre-shared-cert"
	annotationClass          = "kubernetes.io/ingress.class"
	annotationAddress        = "kubernetes.io/ingress.global-static-ip-name"
	annotationAllowHTTP      = "kubernetes.io/ingress.allow-http"
	annotationCertificates   = "networking.gke.io/managed-certificates"
	annotationFrontendConfig = "networking.gke.io/v1beta1.FrontendConfig"

	classGCE = "gce"
)

// annotations are those that the platform's hosts need. Port 80 is one of them:
// where it is open, the load balancer answers on it for every host.
func (a *Args) annotations() pulumi.StringMap {
	s := a.Settings
	all := pulumi.StringMap{
		annotationAllowHTTP:      pulumi.String(fmt.Sprint(s.RedirectHTTP)),
		annotationFrontendConfig: pulumi.String(FrontendConfigName),
	}
	if certificates := s.certificates(); len(certificates) > 0 {
		all[annotationCertificates] = pulumi.String(strings.Join(certificates, ","))
	}
	if s.ExistingFrontendConfig != "" {
		delete(all, annotationFrontendConfig) // it stays
	}
	return all
}

// certificates lists the certificates that the load balancer serves, existing ones first.
func (s Settings) certificates() []string {
	all := slices.Clone(s.ExistingCertificates)
	if !s.GiveBack {
		all = append(all, s.ownCertificates()...)
	}
	return all
}

// ownCertificates are the platform's own, one for each of its hosts and in their order.
func (s Settings) ownCertificates() []string {
	if s.Staff.Enabled {
		return []string{CertificateName, StaffCertificateName}
	}
	return []string{CertificateName}
}

// isOwnCertificate tells whether a certificate is the platform's, or was before the
// staff's host was taken away.
func isOwnCertificate(name string) bool {
	return name == CertificateName || name == StaffCertificateName
}

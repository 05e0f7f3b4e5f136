package ingress

import (
	"testing"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/stretchr/testify/assert"
)

// adopted is an Ingress with these hosts and annotations, of which the platform owns
// the fields named.
func adopted(hosts []string, annotations map[string]string, owned ...string) live {
	found := live{metadata: metav1.ObjectMeta{Annotations: annotations}}
	for _, host := range hosts {
		found.spec.Rules = append(found.spec.Rules, networkingv1.IngressRule{Host: &host, Http: &networkingv1.HTTPIngressRuleValue{
			Paths: []networkingv1.HTTPIngressPath{path()},
		}})
	}
	if len(owned) > 0 {
		names, rules := map[string]any{}, map[string]any{}
		for _, field := range owned {
			if field == "rules" {
				rules["f:rules"] = map[string]any{}
				continue
			}
			names["f:"+field] = map[string]any{}
		}
		manager := FieldManager
		found.metadata.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: &manager, FieldsV1: map[string]any{"f:metadata": map[string]any{"f:annotations": names}, "f:spec": rules},
		}}
	}
	return found
}

func path() networkingv1.HTTPIngressPath {
	at, number := "/", 80
	return networkingv1.HTTPIngressPath{Path: &at, PathType: PathPrefix, Backend: networkingv1.IngressBackend{
		Service: &networkingv1.IngressServiceBackend{Name: "ide", Port: &networkingv1.ServiceBackendPort{Number: &number}},
	}}
}

func TestPartsOfThePlatformThatWereRemovedAreNamed(t *testing.T) {
	t.Parallel()
	const host = "licenses.example.com"
	with := func(certificates, front, http string) map[string]string {
		all := map[string]string{annotationCertificates: certificates, annotationAllowHTTP: http, annotationFrontendConfig: front}
		for name, value := range all {
			if value == "" {
				delete(all, name)
			}
		}
		return all
	}
	newIngressRules := with("ide,license-platform", "license-platform", "false")
	args := CheckArgs{Domain: "example.com", LicenseHost: host, Settings: Settings{
		Adopt: true, ExistingCertificates: []string{"ide"}, Routes: []Route{{Subdomain: "ide", Paths: []Path{{Path: "/", Service: "ide", Port: 80}}}},
	}}
	for name, c := range map[string]struct {
		found        live
		change       func(*Settings)
		missingParts string
	}{
		"nothing":                          {adopted([]string{host, "ide.example.com"}, newIngressRules, "rules", annotationAllowHTTP, annotationCertificates, annotationFrontendConfig), nil, ""},
		"nothing, before the first update": {adopted([]string{"ide.example.com"}, with("ide", "", "false")), nil, ""},
		"by a client-side apply of the owner's own file": {
			adopted([]string{"ide.example.com"}, with("ide", "license-platform", "false"), annotationFrontendConfig), nil, "the host " + host + ", the certificate license-platform",
		},
		"the port, too": {
			adopted([]string{"ide.example.com"}, with("ide", "license-platform", "false"), annotationFrontendConfig), func(s *Settings) { s.RedirectHTTP = true },
			"the host " + host + ", the certificate license-platform, kubernetes.io/ingress.allow-http: true",
		},
		"a route that the platform had added": {
			adopted([]string{host}, newIngressRules, annotationAllowHTTP), nil, "the host ide.example.com",
		},
		"by an apply that forces conflicts on every field": {
			adopted([]string{"ide.example.com"}, with("ide", "license-platform", "false")), nil, "the host " + host + ", the certificate license-platform",
		},
		"the FrontendConfig": {
			adopted([]string{host, "ide.example.com"}, with("ide,license-platform", "", "false"), "rules"), nil, "the FrontendConfig license-platform",
		},
		"nothing, by giving back": {
			adopted([]string{"ide.example.com"}, with("ide", "license-platform", "false"), "rules"), func(s *Settings) { s.GiveBack = true }, "",
		},
		"nothing, by a host that is new in the settings": {
			adopted([]string{host}, newIngressRules, "rules", annotationAllowHTTP, annotationCertificates, annotationFrontendConfig), nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tried := args
			if c.change != nil {
				c.change(&tried.Settings)
			}
			assert.Equal(t, c.missingParts, tried.missingParts(c.found))
			if c.missingParts != "" {
				for _, problem := range tried.compare(c.found) {
					assert.NotContains(t, problem.Why, "would be", "what was the platform's is put back without a refusal")
				}
			}
		})
	}
}

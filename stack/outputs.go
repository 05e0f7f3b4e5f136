package stack

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// outputs name what an operator, a script or another stack needs to know. None
// of it is a secret.
func (d *deployment) outputs() pulumi.Map {
	s := d.settings
	return pulumi.Map{
		// Where DNS records of the hosts must point.
		"edgeAddress": d.net.EdgeAddress,
		// Every host that the load balancer answers, by its subdomain.
		"hosts": pulumi.ToStringMap(s.hosts()),
		// Where the license API is called, and where its public keys are.
		"licenseUrl": pulumi.String("https://" + s.Platform.LicenseHost()),
		"jwksUrl":    pulumi.String("https://" + s.Platform.LicenseHost() + "/.well-known/jwks.json"),
		// The image that runs, by digest; another stack can take it as api.image.
		"image": d.reference,
		// The Cloud Armor policy in front of the license API.
		"securityPolicy": d.policy.Name,
		// The key that signs, and all that verify.
		"activeSigningVersion": d.cmek.ActiveSigningVersion,
		"signingVersions":      d.cmek.SigningVersions,
		// What the Cloud SQL Auth Proxy takes: PROJECT:REGION:INSTANCE.
		"sqlConnectionName": d.kept.SQLConnectionName,
		// Identity Platform's id of each tenant, by its name in the settings.
		"tenants": d.who.TenantIDs,
		// Where kubectl finds the API.
		"cluster":   d.gke.Name,
		"namespace": pulumi.String(s.Kubernetes.Namespace.Name),
		// Where the evidence is, and what raises the alarm.
		"logBucket":     d.watch.Bucket,
		"alertPolicies": d.watch.Policies,
	}
}

// hosts are those of the load balancer by their subdomain, the domain itself as
// "apex".
func (s Settings) hosts() map[string]string {
	hosts := map[string]string{licenseSubdomain: s.Platform.LicenseHost()}
	subdomains := []string{}
	for _, route := range s.Kubernetes.Ingress.Routes {
		subdomains = append(subdomains, route.Subdomain)
	}
	if s.Kubernetes.Ingress.Staff.Enabled {
		subdomains = append(subdomains, s.Kubernetes.Ingress.Staff.Below())
	}
	for _, subdomain := range subdomains {
		if subdomain == "" {
			hosts["apex"] = s.Platform.Domain
			continue
		}
		hosts[subdomain] = subdomain + "." + s.Platform.Domain
	}
	return hosts
}

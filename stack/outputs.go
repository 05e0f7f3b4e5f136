package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/k8s/workload"
)

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
		// The image that runs, by digest; another stack can use it as api.image.
		"image": d.program.keepImage(d.ctx, s, d.reference, d.api.Running),
		// What a lockdown or other settings take away on purpose: signIn, signing.
		"suspended": pulumi.ToStringArray(s.suspended()),
		// The Cloud Armor policy in front of the license API.
		"securityPolicy": d.policy.Name,
		// The key that signs, and all that verify.
		"activeSigningVersion": d.cmek.ActiveSigningVersion,
		"signingVersions":      d.cmek.SigningVersions,
		// What the Cloud SQL Auth Proxy takes: PROJECT:REGION:INSTANCE.
		"sqlConnectionName": d.dataStores.SQLConnectionName,
		// Identity Platform's id of each tenant, by its name in the settings.
		"tenants": d.serviceAccounts.TenantIDs,
		// Where kubectl finds the API.
		"cluster":         d.gke.Name,
		"clusterLocation": pulumi.String(s.Kubernetes.Cluster.Location),
		"fleetMembership": d.gke.Membership,
		"namespace":       pulumi.String(s.Kubernetes.Namespace.Name),
		// Where the evidence is, and what raises the alarm.
		"logBucket":     d.observability.Bucket,
		"alertPolicies": d.observability.Policies,
		// Pages of the Google Cloud console, by what they show.
		"dashboards": d.dashboards(),
	}
}

// suspended names what the settings take away from everybody for now.
func (s Settings) suspended() []string {
	all := []string{}
	if s.Identity.SignInSuspended {
		all = append(all, "signIn")
	}
	if s.Identity.SigningSuspended {
		all = append(all, "signing")
	}
	return all
}

// dashboards are the console's pages that an operator looks at first: the
// stack's own dashboard, and those that Google makes for its resources.
func (d *deployment) dashboards() pulumi.StringMap {
	s := d.settings
	page := func(path string, args ...any) pulumi.StringOutput {
		return pulumi.Sprintf("https://console.cloud.google.com/"+path+"?project="+s.Platform.Project, args...)
	}
	return pulumi.StringMap{
		"platform":       page("monitoring/dashboards/builder/%s", d.observability.Dashboard),
		"objectives":     page("monitoring/services"),
		"alerts":         page("monitoring/alerting"),
		"metrics":        page("monitoring/metrics-explorer"),
		"logs":           page("logs/query"),
		"workload":       page("kubernetes/deployment/%s/%s/%s/%s/overview", s.Kubernetes.Cluster.Location, d.gke.Name, s.Kubernetes.Namespace.Name, workload.APIName),
		"securityPolicy": page("net-security/securitypolicies/details/%s", d.policy.Name),
		"sql":            page("sql/instances/%s/overview", d.dataStores.SQLInstanceName),
		"redis":          page("memorystore/redis/instances"),
		"keys":           page("security/kms/keyrings"),
	}
}

// hosts are the hosts of the load balancer by their subdomain; "apex" is the domain
// itself.
func (s Settings) hosts() map[string]string {
	hosts := map[string]string{licenseSubdomain: s.Platform.LicenseHost()}
	subdomains := []string{}
	for _, route := range s.Kubernetes.Ingress.Routes {
		subdomains = append(subdomains, route.Subdomain)
	}
	if s.staffHost() != "" {
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

// staffHost is the staff's host, empty without one.
func (s Settings) staffHost() string {
	if !s.Kubernetes.Ingress.Staff.Enabled {
		return ""
	}
	return s.Kubernetes.Ingress.Staff.Below() + "." + s.Platform.Domain
}

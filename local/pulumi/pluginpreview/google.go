package pluginpreview

import (
	"net/http"
	"path"
	"regexp"
)

// existingProject is the project that a stack is deployed to, as Google's APIs
// describe it: every resource that is looked up exists, whatever its name, but the key ring, which the stack makes, and has
// the properties that the stack's settings give. Each look-up of the program has its API's answer here; the
// methods are those of https://cloud.google.com/compute/docs/reference/rest/beta,
// https://cloud.google.com/kubernetes-engine/docs/reference/rest and
// https://cloud.google.com/dns/docs/reference/rest/v1.
type existingProject struct {
	// ca is a CA certificate, PEM in base64.
	ca string
	// project is what the settings say of it.
	project project
}

// The resources' names in the paths of the APIs, whichever version is asked.
var (
	networkPath    = regexp.MustCompile(`/projects/[^/]+/global/networks/[^/]+$`)
	subnetworkPath = regexp.MustCompile(`/projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$`)
	addressesPath  = regexp.MustCompile(`/projects/[^/]+/aggregated/addresses$`)
	policyPath     = regexp.MustCompile(`/projects/[^/]+:getIamPolicy$`)
	zonesPath      = regexp.MustCompile(`/projects/[^/]+/managedZones$`)
	addressPath    = regexp.MustCompile(`/projects/[^/]+/global/addresses/[^/]+$`)
	keyPath        = regexp.MustCompile(`/keyRings/[^/]+/cryptoKeys/[^/]+$`)
	ringPath       = regexp.MustCompile(`/projects/[^/]+/locations/[^/]+/keyRings/[^/]+$`)
	sinkPath       = regexp.MustCompile(`/projects/[^/]+/sinks/[^/]+$`)
	clusterPath    = regexp.MustCompile(`/projects/[^/]+/locations/([^/]+)/clusters/[^/]+$`)
)

// answer implements Answer.
func (e existingProject) answer(method, host, urlPath string) (any, bool) {
	// The only look-up that is no GET
	// (https://cloud.google.com/resource-manager/reference/rest/v1/projects/getIamPolicy).
	if method == http.MethodPost && host == "cloudresourcemanager.googleapis.com" && policyPath.MatchString(urlPath) {
		return map[string]any{"version": 1, "etag": "BwYfLocal0s=", "bindings": []any{}, "auditConfigs": []any{}}, true
	}
	if method != http.MethodGet {
		return nil, false
	}
	name := path.Base(urlPath)
	described := map[string]any{"id": "1", "name": name, "selfLink": "https://" + host + urlPath}
	switch {
	// The provider asks who its credentials belong to whenever it is configured.
	case host == "openidconnect.googleapis.com" && urlPath == "/v1/userinfo":
		return map[string]any{"sub": "1", "email": "nobody@example.com", "email_verified": true}, true
	case host == "compute.googleapis.com" && networkPath.MatchString(urlPath):
		return described, true
	case host == "compute.googleapis.com" && subnetworkPath.MatchString(urlPath):
		described["ipCidrRange"], described["privateIpGoogleAccess"] = "10.10.0.0/20", true
		described["network"] = e.project.network()
		return described, true
	case host == "compute.googleapis.com" && addressesPath.MatchString(urlPath):
		return map[string]any{"items": map[string]any{"global": map[string]any{"addresses": e.project.ranges()}}}, true
	case host == "dns.googleapis.com" && zonesPath.MatchString(urlPath):
		return map[string]any{"managedZones": []any{}}, true
	// An address that the stack makes, as the key ring below, is not there yet.
	case host == "compute.googleapis.com" && addressPath.MatchString(urlPath) && e.project.makes(name):
		return nil, true
	case host == "compute.googleapis.com" && addressPath.MatchString(urlPath):
		described["address"], described["prefixLength"], described["status"] = "203.0.113.10", 20, "IN_USE"
		described["addressType"] = "EXTERNAL"
		if e.project.reserves(name) {
			described["addressType"], described["purpose"], described["network"] = "INTERNAL", "VPC_PEERING", e.project.network()
		}
		return described, true
	// The stack makes it and its keys (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/get,
	// https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/get).
	case host == "cloudkms.googleapis.com" && (ringPath.MatchString(urlPath) || keyPath.MatchString(urlPath)):
		return nil, true
	// As is the sink (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks/get).
	case host == "logging.googleapis.com" && sinkPath.MatchString(urlPath):
		return nil, true
	case host == "container.googleapis.com" && clusterPath.MatchString(urlPath):
		return e.cluster(urlPath, described), true
	}
	return nil, false
}

// cluster has what the provider reads of every cluster. Its endpoint is an
// address for documentation (RFC 5737): the Kubernetes plugin finds it
// unreachable and plans without it.
func (e existingProject) cluster(urlPath string, described map[string]any) map[string]any {
	described["status"], described["endpoint"] = "RUNNING", "192.0.2.10"
	described["location"] = clusterPath.FindStringSubmatch(urlPath)[1]
	described["masterAuth"] = map[string]any{"clusterCaCertificate": e.ca}
	described["legacyAbac"] = map[string]any{}
	described["networkConfig"] = map[string]any{
		"network": e.project.network(), "subnetwork": "projects/p/regions/r/subnetworks/" + e.project.Network.Subnetwork, "datapathProvider": e.project.datapath(),
	}
	described["servicesIpv4Cidr"] = "34.118.224.0/20"
	described["monitoringConfig"] = map[string]any{"managedPrometheusConfig": map[string]any{"enabled": true}}
	described["networkPolicy"] = map[string]any{"enabled": e.project.datapath() == "", "provider": "CALICO"}
	described["workloadIdentityConfig"] = map[string]any{"workloadPool": e.project.Platform.Project + ".svc.id.goog"}
	described["nodePools"] = []any{map[string]any{"name": "default-pool", "config": map[string]any{
		"serviceAccount": e.project.Identity.NodeAccount, "workloadMetadataConfig": map[string]any{"mode": "GKE_METADATA"},
	}}}
	return described
}

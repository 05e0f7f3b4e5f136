package neighbours

import (
	"encoding/json"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// effects are the resource types that affect something that belongs to others, in the
// order of the table.
func effects() []effect {
	return []effect{
		{typ: kubernetes.TypeIngressPatch, row: Row{
			Touches: "The shared Ingress", How: "A patch of its rules and of its annotations for certificates, FrontendConfig and port 80, and two annotations that Pulumi adds; everything else stays with its owner. The new certificate can become the default one, for clients that send no host name. Stays after a destroy, unless `kubernetes.ingress.giveBack` took it out before",
			LeaveOut: "`kubernetes.ingress.adopt: false` with another name and another address",
		}},
		{typ: kubernetes.TypeFrontendConfig, row: Row{
			Touches: "The TLS of all hosts of the shared address", How: "The Ingress names this FrontendConfig: TLS 1.2 and newer for the IDE's hosts, too",
			LeaveOut: "`kubernetes.ingress.existingFrontendConfig`, or an Ingress of its own, as above",
		}},
		{typ: kubernetes.TypeNetworkPolicy, when: selectsOthers, row: Row{
			Touches: "Pods of others in the namespace", How: "Are selected by a NetworkPolicy", LeaveOut: "`kubernetes.networkPolicies.denyNamespace: false`",
		}},
		{typ: gcp.TypeConnection, row: Row{
			Touches: "The network's connection to Google's managed services", How: "The platform's range is added to those in `network.stayingPrivateServicesRanges`; stays after a destroy",
			LeaveOut: "`network.privateServicesRangeName` with a range that is peered already",
		}},
		{typ: gcp.TypeGlobalAddress, row: Row{
			Touches: "Free addresses of the network", How: "A range is reserved, so that nobody else can take it", LeaveOut: "`network.privateServicesRangeName`, as above",
		}},
		{typ: gcp.TypeFirewall, row: Row{
			Touches: "Every machine and pod of the network", How: "Google's health checks and front ends may reach port 8000, as GKE's own rules let them",
			LeaveOut: "Not possible; NetworkPolicies protect the pods as well",
		}},
		{typ: gcp.TypeManagedZone, row: Row{
			Touches: "How every machine and pod of the network resolves Google's names", How: "Are sent to `network.googleApisRange`", LeaveOut: "`network.privateZonesForAll: false`, the default",
		}},
		{typ: gcp.TypeRouter, row: Row{
			Touches: "The network's routers", How: "One is added", LeaveOut: "`network.nat: false`",
		}},
		{typ: gcp.TypeRouterNAT, row: Row{
			Touches: "How machines of the subnet reach the internet", How: "Through a Cloud NAT", LeaveOut: "`network.nat: false`",
		}},
		{typ: gcp.TypeAuditConfig, row: Row{
			Touches: "The project's audit configuration of these APIs", How: "All reads and writes are logged; exemptions of others are kept; stays after a destroy",
			LeaveOut: "`observe.existingAudit: true`, or remove the API from `observe.auditedServices`",
		}},
		{typ: gcp.TypeProjectMember, row: Row{
			Touches: "The project's IAM policy", How: "Grants for the platform's own accounts are added, one by one; no other grant is changed", LeaveOut: "Not possible",
		}},
		{typ: gcp.TypeService, row: Row{
			Touches: "The project's enabled APIs", How: "Are enabled, and never disabled", LeaveOut: "Nothing changes where they are enabled already",
		}},
		{typ: gcp.TypeServiceIdentity, row: Row{
			Touches: "Google's service agents of the project", How: "Are created where they are missing; stay after a destroy", LeaveOut: "Nothing changes where they exist",
		}},
		{typ: gcp.TypeIdentityConfig, row: Row{
			Touches: "The project's sign-in", How: "Is set up for the whole project", LeaveOut: "`identity.existingConfig: true`",
		}},
		{typ: gcp.TypeAdmissionPolicy, row: Row{
			Touches: "What images every cluster of the project admits", How: "Is overwritten, and reset by a destroy", LeaveOut: "`kubernetes.cluster.keepImagePolicy: true`, or `adopt: true`",
		}},
		{typ: gcp.TypeLogExclusion, row: Row{
			Touches: "The project's log bucket `_Default`", How: "No longer stores the platform's own entries (those of its pods and its database, and the requests to its host); all others stay there", LeaveOut: "`observe.keepInDefault: true`",
		}},
		{typ: gcp.TypeLogSink, row: Row{
			Touches: "The project's logs", How: "Are copied into the platform's log bucket: everybody's changes of configuration, everybody's reads by the APIs in `observe.auditedServices`, sign-ins to all tenants. Entries of pods, databases and hosts are copied for the platform only", LeaveOut: "Reads: a shorter `observe.auditedServices`; changes: not possible",
		}},
	}
}

// selectsOthers tells whether a policy selects pods that are not the platform's.
func selectsOthers(r declared.Resource) bool {
	selector, err := json.Marshal(r.Get("spec.podSelector"))
	if err != nil {
		return true
	}
	var read struct {
		MatchLabels      map[string]string `json:"matchLabels"`
		MatchExpressions []struct {
			Key      string   `json:"key"`
			Operator string   `json:"operator"`
			Values   []string `json:"values"`
		} `json:"matchExpressions"`
	}
	if json.Unmarshal(selector, &read) != nil {
		return true
	}
	if app := read.MatchLabels["app"]; strings.HasPrefix(app, "license-") {
		return false
	}
	for _, e := range read.MatchExpressions {
		ours := e.Key == "app" && e.Operator == "In" && len(e.Values) > 0
		for _, value := range e.Values {
			ours = ours && strings.HasPrefix(value, "license-")
		}
		if ours {
			return false
		}
	}
	return true
}

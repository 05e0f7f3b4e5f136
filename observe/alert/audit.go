package alert

import (
	"fmt"
	"strings"
)

const (
	// changes and reads select the two audit logs, without what was refused.
	// https://cloud.google.com/logging/docs/audit
	changes = `log_id("cloudaudit.googleapis.com/activity") AND severity<ERROR`
	reads   = `log_id("cloudaudit.googleapis.com/data_access") AND severity<ERROR`

	who      = "protoPayload.authenticationInfo.principalEmail"
	subject  = "protoPayload.authenticationInfo.principalSubject"
	onBehalf = "protoPayload.authenticationInfo.serviceAccountDelegationInfo.firstPartyPrincipal.principalEmail"

	// machine selects service accounts and workloads of a workload identity
	// pool. What says nobody's name is no machine.
	// https://cloud.google.com/logging/docs/audit/understanding-audit-logs#principal-id
	machine = who + `=~"[.]gserviceaccount[.]com$" OR ` + subject + `:"/workloadIdentityPools/"`
	// lent selects people who act as a service account.
	lent = `(` + onBehalf + `:"@" AND NOT ` + onBehalf + `=~"gserviceaccount[.]com$")`
	// person selects whoever is no machine, or uses one's name.
	person = `(NOT (` + machine + `) OR ` + lent + `)`
	// controllers selects Google's own: those of the cluster, those that grant
	// agents their roles when an API is enabled, and Kubernetes' own.
	// https://cloud.google.com/iam/docs/service-agents
	controllers = who + `=~"@(container-engine-robot[.]iam|cloudservices|system)[.]gserviceaccount[.]com$"` +
		` OR ` + who + `=~"^system:(gke-|kube-|serviceaccount:kube-system:)"`

	// policies are the methods that change who may do what: Cloud Armor,
	// firewalls and TLS, rights and keys of service accounts, and what watches
	// over them. https://cloud.google.com/compute/docs/logging/audit-logging,
	// https://cloud.google.com/iam/docs/audit-logging,
	// https://cloud.google.com/logging/docs/audit-logging
	policies = `compute[.](securityPolicies|firewalls|firewallPolicies|networkFirewallPolicies|sslPolicies)[.]` +
		`|backendServices[.]setSecurityPolicy$` +
		`|[sS]etI(am|AM)Policy$|[sS]etIamPermissions$|CreateServiceAccountKey$|OrgPolicy[.](Create|Update|Delete)Policy$` +
		`|ConfigServiceV2[.](Update|Delete)(Sink|Bucket)$|ConfigServiceV2[.](Create|Update)Exclusion$` +
		`|AlertPolicyService[.](Update|Delete)AlertPolicy$|NotificationChannelService[.](Update|Delete)NotificationChannel$`
	// objects are the Kubernetes objects that do, by the names that GKE logs.
	// https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
	objects = `[.](networkpolicies|backendconfigs)[.](create|update|patch|delete|deletecollection)$`
)

// ofAuditTrail are the alerts over single entries of the audit trail.
// https://cloud.google.com/logging/docs/alerting/log-based-alerts
func ofAuditTrail(about Subject) []Alert {
	return []Alert{
		{
			// https://cloud.google.com/kms/docs/audit-logging
			Name:    "KeyVersionDestroyed",
			Summary: "A version of an encryption or signing key was disabled, or is about to be destroyed",
			Filter: lines(
				changes,
				`protoPayload.serviceName="cloudkms.googleapis.com"`,
				`(protoPayload.methodName=~"(^|[.])DestroyCryptoKeyVersion$"`+
					` OR (protoPayload.methodName=~"(^|[.])UpdateCryptoKeyVersion$" AND protoPayload.request.cryptoKeyVersion.state="DISABLED"))`,
			),
			Severity: Critical,
			Playbook: "key-version-destroyed.md",
		},
		{
			// https://cloud.google.com/secret-manager/docs/audit-logging
			Name:    "SecretReadByPerson",
			Summary: "Somebody who is not a service account read one of the platform's secrets",
			Filter: lines(
				reads,
				`protoPayload.serviceName="secretmanager.googleapis.com"`,
				`protoPayload.methodName=~"(^|[.])AccessSecretVersion$"`,
				fmt.Sprintf(`protoPayload.resourceName:"/secrets/%s"`, about.Secrets),
				person,
			),
			Severity: Critical,
			Playbook: "secret-read-by-person.md",
		},
		{
			Name:    "PolicyChangedOutsidePipeline",
			Summary: "A policy that protects the platform was changed by somebody other than its deployment",
			Filter: lines(
				changes,
				fmt.Sprintf(`(protoPayload.methodName=~%q OR (protoPayload.methodName=~%q AND protoPayload.resourceName:"/namespaces/%s/"))`,
					policies, objects, about.Workload.Namespace),
				fmt.Sprintf(`NOT (%s)`, controllers),
				outsider(about.Deployers),
			),
			Severity: Critical,
			Playbook: "policy-changed-outside-pipeline.md",
		},
	}
}

// outsider selects everybody who is not a deployer; without deployers, people.
func outsider(deployers []string) string {
	if len(deployers) == 0 {
		return person
	}
	quoted := make([]string, len(deployers))
	for i, email := range deployers {
		quoted[i] = fmt.Sprintf("%q", email)
	}
	return fmt.Sprintf(`(NOT %s=(%s) OR %s)`, who, strings.Join(quoted, " OR "), lent)
}

// lines is the conjunction of its parts.
func lines(parts ...string) string { return strings.Join(parts, "\nAND ") }

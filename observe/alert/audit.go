package alert

import (
	"fmt"
	"strings"
)

const (
	// configChanges and dataReads select the two audit logs, without refused calls.
	// https://cloud.google.com/logging/docs/audit
	configChanges = `log_id("cloudaudit.googleapis.com/activity") AND severity<ERROR`
	dataReads     = `log_id("cloudaudit.googleapis.com/data_access") AND severity<ERROR`

	principalEmail   = "protoPayload.authenticationInfo.principalEmail"
	principalSubject = "protoPayload.authenticationInfo.principalSubject"
	delegatorEmail   = "protoPayload.authenticationInfo.serviceAccountDelegationInfo.firstPartyPrincipal.principalEmail"

	// serviceIdentity selects service accounts and workloads of a workload identity
	// pool. An entry without a principal is not selected.
	// https://cloud.google.com/logging/docs/audit/understanding-audit-logs#principal-id
	serviceIdentity = principalEmail + `=~"[.]gserviceaccount[.]com$" OR ` + principalSubject + `:"/workloadIdentityPools/"`
	// impersonation selects people who impersonate a service account.
	impersonation = `(` + delegatorEmail + `:"@" AND NOT ` + delegatorEmail + `=~"gserviceaccount[.]com$")`
	// human selects every principal that is not a service identity, and every person
	// who impersonates one.
	human = `(NOT (` + serviceIdentity + `) OR ` + impersonation + `)`
	// controllers selects Google's controllers: those of the cluster, and those that
	// grant roles to service agents when an API is enabled; and those of Kubernetes.
	// https://cloud.google.com/iam/docs/service-agents
	controllers = principalEmail + `=~"@(container-engine-robot[.]iam|cloudservices|system)[.]gserviceaccount[.]com$"` +
		` OR ` + principalEmail + `=~"^system:(gke-|kube-|serviceaccount:kube-system:)"`

	// protectedMethods are the methods that change access control and its monitoring:
	// Cloud Armor, firewalls and TLS policies, IAM policies and service account keys,
	// log sinks and alert policies. https://cloud.google.com/compute/docs/logging/audit-logging,
	// https://cloud.google.com/iam/docs/audit-logging,
	// https://cloud.google.com/logging/docs/audit-logging
	protectedMethods = `compute[.](securityPolicies|firewalls|firewallPolicies|networkFirewallPolicies|sslPolicies)[.]` +
		`|backendServices[.]setSecurityPolicy$` +
		`|[sS]etI(am|AM)Policy$|[sS]etIamPermissions$|CreateServiceAccountKey$|OrgPolicy[.](Create|Update|Delete)Policy$` +
		`|ConfigServiceV2[.](Update|Delete)(Sink|Bucket)$|ConfigServiceV2[.](Create|Update)Exclusion$` +
		`|AlertPolicyService[.](Update|Delete)AlertPolicy$|NotificationChannelService[.](Update|Delete)NotificationChannel$`
	// protectedObjects are the methods that change access control in Kubernetes, by the
	// names that GKE logs.
	// https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
	protectedObjects = `[.](networkpolicies|backendconfigs)[.](create|update|patch|delete|deletecollection)$`
)

// auditAlerts are the alerts over single entries of the audit trail.
// https://cloud.google.com/logging/docs/alerting/log-based-alerts
func auditAlerts(about Subject) []Alert {
	return []Alert{
		{
			// https://cloud.google.com/kms/docs/audit-logging
			Name:    "KeyVersionDestroyed",
			Summary: "A version of one of the platform's keys was disabled, or is about to be destroyed",
			Filter: lines(
				configChanges,
				`protoPayload.serviceName="cloudkms.googleapis.com"`,
				fmt.Sprintf(`protoPayload.resourceName:"/keyRings/%s/"`, about.KeyRing),
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
				dataReads,
				`protoPayload.serviceName="secretmanager.googleapis.com"`,
				`protoPayload.methodName=~"(^|[.])AccessSecretVersion$"`,
				fmt.Sprintf(`protoPayload.resourceName=~"/secrets/(%s)/"`, strings.Join(about.Secrets, "|")),
				human,
			),
			Severity: Critical,
			Playbook: "secret-read-by-person.md",
		},
		{
			Name:    "PolicyChangedOutsidePipeline",
			Summary: "A policy that protects the platform was changed by somebody other than its deployment",
			Filter: lines(
				configChanges,
				fmt.Sprintf(`(protoPayload.methodName=~%q OR (protoPayload.methodName=~%q AND protoPayload.resourceName:"/namespaces/%s/"))`,
					protectedMethods, protectedObjects, about.Workload.Namespace),
				fmt.Sprintf(`NOT (%s)`, controllers),
				notDeployer(about.Deployers),
			),
			Severity: Critical,
			Playbook: "policy-changed-outside-pipeline.md",
		},
	}
}

// notDeployer selects every principal that is not a deployer; without deployers, people.
func notDeployer(deployers []string) string {
	if len(deployers) == 0 {
		return human
	}
	quoted := make([]string, len(deployers))
	for i, email := range deployers {
		quoted[i] = fmt.Sprintf("%q", email)
	}
	return fmt.Sprintf(`(NOT %s=(%s) OR %s)`, principalEmail, strings.Join(quoted, " OR "), impersonation)
}

// lines joins conditions with AND.
func lines(parts ...string) string { return strings.Join(parts, "\nAND ") }

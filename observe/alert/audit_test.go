package alert_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

const (
	ann      = "ann@coditect.ai"
	api      = "license-api@acme.iam.gserviceaccount.com"
	pipeline = "deploy@acme.iam.gserviceaccount.com"
)

// fields is an object of a log entry.
type fields = map[string]any

// audit is an entry of the audit trail: who called which method, on what.
func audit(log, service, method, resource, who string, changes ...func(payload fields)) fields {
	payload := fields{
		"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service, "methodName": method, "resourceName": resource,
		"authenticationInfo": fields{"principalEmail": who}, "status": fields{},
	}
	entry := fields{"logName": "projects/acme/logs/cloudaudit.googleapis.com%2F" + log, "severity": "NOTICE", "protoPayload": payload}
	for _, change := range changes {
		change(payload)
	}
	if payload["status"].(fields)["code"] != nil {
		entry["severity"] = "ERROR"
	}
	return entry
}

// denied is a call that was refused.
func denied(payload fields) { payload["status"] = fields{"code": 7.0, "message": "PERMISSION_DENIED"} }

// lent is a call by somebody in the name of the service account.
func lent(to string) func(fields) {
	return func(payload fields) {
		payload["authenticationInfo"].(fields)["serviceAccountDelegationInfo"] = []any{fields{"firstPartyPrincipal": fields{"principalEmail": to}}}
	}
}

// federated is a call by somebody who has no e-mail address.
func federated(subject string) func(fields) {
	return func(payload fields) { payload["authenticationInfo"] = fields{"principalSubject": subject} }
}

// request is what a call asked for.
func request(body fields) func(fields) { return func(payload fields) { payload["request"] = body } }

const (
	version = "projects/acme/locations/us-central1/keyRings/coditect-license-keys/cryptoKeys/license-signing/cryptoKeyVersions/1"
	// othersVersion is of a ring whose name begins alike.
	othersVersion = "projects/acme/locations/us-central1/keyRings/coditect-license-keys-ide/cryptoKeys/license-signing/cryptoKeyVersions/1"

	auth    = "projects/123456789/secrets/license-redis-auth/versions/1"
	policy  = "projects/acme/global/securityPolicies/license-api-security-policy"
	isolate = "networking.k8s.io/v1/namespaces/coditect-app/networkpolicies/license-api"
)

func kms(method, who string, changes ...func(fields)) fields {
	return audit("activity", "cloudkms.googleapis.com", method, version, who, changes...)
}

func read(secret, who string, changes ...func(fields)) fields {
	return audit("data_access", "secretmanager.googleapis.com", "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion", secret, who, changes...)
}

func compute(method, who string, changes ...func(fields)) fields {
	return audit("activity", "compute.googleapis.com", "v1.compute."+method, policy, who, changes...)
}

func kubernetes(method, resource, who string) fields {
	return audit("activity", "k8s.io", method, resource, who)
}

// entries are what an alert fires for, and what it is silent about.
func entries() map[string]struct{ fires, silent map[string]fields } {
	state := func(to string) func(fields) { return request(fields{"cryptoKeyVersion": fields{"state": to}}) }
	return map[string]struct{ fires, silent map[string]fields }{
		"KeyVersionDestroyed": {
			fires: map[string]fields{
				"a version is scheduled for destruction": kms("DestroyCryptoKeyVersion", ann),
				"by the pipeline":                        kms("DestroyCryptoKeyVersion", pipeline),
				"under the method's long name":           kms("google.cloud.kms.v1.KeyManagementService.DestroyCryptoKeyVersion", ann),
				"a version is disabled":                  kms("UpdateCryptoKeyVersion", ann, state("DISABLED")),
			},
			silent: map[string]fields{
				"it was refused":           kms("DestroyCryptoKeyVersion", ann, denied),
				"a version is enabled":     kms("UpdateCryptoKeyVersion", ann, state("ENABLED")),
				"a version is restored":    kms("RestoreCryptoKeyVersion", ann),
				"a version is made":        kms("CreateCryptoKeyVersion", pipeline),
				"a signature":              audit("data_access", "cloudkms.googleapis.com", "AsymmetricSign", version, api),
				"another owner's key":      audit("activity", "cloudkms.googleapis.com", "DestroyCryptoKeyVersion", othersVersion, ann),
				"another service's method": audit("activity", "example.googleapis.com", "DestroyCryptoKeyVersion", version, ann),
			},
		},
		"SecretReadByPerson": {
			fires: map[string]fields{
				"a person reads":                          read(auth, ann),
				"a person in a service account's name":    read(auth, api, lent(ann)),
				"a person of a workforce pool":            read(auth, "", federated("principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann")),
				"somebody whom the entry does not name":   read(auth, "", federated("")),
				"an address that only looks like a bot's": read(auth, "ann@gserviceaccount.com.example.com"),
			},
			silent: map[string]fields{
				"the API reads":                          read(auth, api),
				"a pod reads by itself":                  read(auth, "", federated("principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme.svc.id.goog/subject/ns/a/sa/b")),
				"a pipeline in a service account's name": read(auth, api, lent(pipeline)),
				"it was refused":                         read(auth, ann, denied),
				"the Cloud IDE's secret":                 read("projects/123456789/secrets/ide-database/versions/3", ann),
				"one of others with a name alike":        read("projects/123456789/secrets/license-redis-auth-ide/versions/3", ann),
				"a person looks at the list of secrets":  audit("data_access", "secretmanager.googleapis.com", "google.cloud.secretmanager.v1.SecretManagerService.ListSecrets", auth, ann),
			},
		},
		"PolicyChangedOutsidePipeline": {
			fires: map[string]fields{
				"a rule of Cloud Armor is changed":    compute("securityPolicies.patchRule", ann),
				"in the beta API":                     audit("activity", "compute.googleapis.com", "beta.compute.securityPolicies.removeRule", policy, ann),
				"Cloud Armor is taken off a backend":  compute("backendServices.setSecurityPolicy", ann),
				"a firewall is opened":                compute("firewalls.insert", ann),
				"old TLS is allowed":                  compute("sslPolicies.patch", ann),
				"a right in the project":              audit("activity", "cloudresourcemanager.googleapis.com", "SetIamPolicy", "projects/acme", ann),
				"a right on a service account":        audit("activity", "iam.googleapis.com", "google.iam.admin.v1.SetIAMPolicy", "projects/-/serviceAccounts/1", ann),
				"a right on a secret":                 audit("activity", "secretmanager.googleapis.com", "google.iam.v1.IAMPolicy.SetIamPolicy", auth, ann),
				"a key file is made":                  audit("activity", "iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", "projects/-/serviceAccounts/1", ann),
				"a NetworkPolicy is deleted":          kubernetes("io.k8s.networking.v1.networkpolicies.delete", isolate, ann),
				"a BackendConfig drops Cloud Armor":   kubernetes("com.google.cloud.v1.backendconfigs.patch", "cloud.google.com/v1/namespaces/coditect-app/backendconfigs/license-api", ann),
				"the API's own pod opens its network": kubernetes("io.k8s.networking.v1.networkpolicies.patch", isolate, "system:serviceaccount:coditect-app:license-api"),
				"logs go elsewhere":                   audit("activity", "logging.googleapis.com", "google.logging.v2.ConfigServiceV2.UpdateSink", "projects/acme/sinks/license-platform", ann),
				"an alert is deleted":                 audit("activity", "monitoring.googleapis.com", "google.monitoring.v3.AlertPolicyService.DeleteAlertPolicy", "projects/acme/alertPolicies/1", ann),
				"a person in the pipeline's name":     compute("securityPolicies.patchRule", pipeline, lent(ann)),
				"a firewall policy is changed":        compute("firewallPolicies.addRule", ann),
				"one of the network's":                compute("networkFirewallPolicies.patchRule", ann),
				"a right on a bucket of files":        audit("activity", "storage.googleapis.com", "storage.setIamPermissions", "projects/_/buckets/state", ann),
				"the organisation's policy":           audit("activity", "orgpolicy.googleapis.com", "google.cloud.orgpolicy.v2.OrgPolicy.UpdatePolicy", "projects/acme/policies/iam.disableServiceAccountKeyCreation", ann),
				"logs are left out":                   audit("activity", "logging.googleapis.com", "google.logging.v2.ConfigServiceV2.CreateExclusion", "projects/acme/exclusions/all", ann),
				"nobody is told any more":             audit("activity", "monitoring.googleapis.com", "google.monitoring.v3.NotificationChannelService.DeleteNotificationChannel", "projects/acme/notificationChannels/1", ann),
			},
			silent: map[string]fields{
				"the pipeline changes a rule":          compute("securityPolicies.patchRule", pipeline),
				"a person is refused":                  compute("securityPolicies.patchRule", ann, denied),
				"a person makes a machine":             compute("instances.insert", ann),
				"GKE opens a firewall for itself":      compute("firewalls.insert", "service-123456789@container-engine-robot.iam.gserviceaccount.com"),
				"GKE puts Cloud Armor on a backend":    compute("backendServices.setSecurityPolicy", "service-123456789@container-engine-robot.iam.gserviceaccount.com"),
				"an API is enabled":                    audit("activity", "cloudresourcemanager.googleapis.com", "SetIamPolicy", "projects/acme", "service-agent-manager@system.gserviceaccount.com"),
				"Kubernetes cleans up":                 kubernetes("io.k8s.networking.v1.networkpolicies.delete", isolate, "system:serviceaccount:kube-system:generic-garbage-collector"),
				"a NetworkPolicy of another namespace": kubernetes("io.k8s.networking.v1.networkpolicies.delete", "networking.k8s.io/v1/namespaces/other/networkpolicies/a", ann),
				"a Deployment is changed":              kubernetes("io.k8s.apps.v1.deployments.patch", "apps/v1/namespaces/coditect-app/deployments/license-api", ann),
				"a person reads a policy":              audit("data_access", "compute.googleapis.com", "v1.compute.securityPolicies.get", policy, ann),
			},
		},
	}
}

func TestAnAlertFiresForItsEntriesOfTheAuditTrailAndForNoOther(t *testing.T) {
	t.Parallel()
	deployed, anybody := license, license
	deployed.Deployers = []string{pipeline}
	for _, subject := range []alert.Subject{deployed, anybody} {
		tested := 0
		for _, a := range alert.All(subject, alert.Thresholds{}) {
			if a.Filter == "" {
				continue
			}
			tested++
			filter, err := logfilter.Parse(a.Filter)
			require.NoError(t, err, a.Name)
			cases, given := entries()[a.Name]
			require.True(t, given, "%s has no entries that it fires for", a.Name)
			for name, entry := range cases.fires {
				assert.True(t, filter.Matches(entry), "%s is silent: %s", a.Name, name)
			}
			for name, entry := range cases.silent {
				assert.False(t, filter.Matches(entry), "%s fires: %s", a.Name, name)
			}
		}
		assert.Len(t, entries(), tested, "no entries belong to an alert that is not there")
	}
}

func TestOnceDeployersAreNamedAnotherServiceAccountIsAnOutsider(t *testing.T) {
	t.Parallel()
	stolen := compute("securityPolicies.patchRule", "build@acme.iam.gserviceaccount.com")
	fires := func(deployers ...string) bool {
		subject := license
		subject.Deployers = deployers
		for _, a := range alert.All(subject, alert.Thresholds{}) {
			if a.Name == "PolicyChangedOutsidePipeline" {
				filter, err := logfilter.Parse(a.Filter)
				require.NoError(t, err)
				return filter.Matches(stolen)
			}
		}
		return false
	}

	assert.True(t, fires(pipeline))
	assert.True(t, fires(pipeline, "other@acme.iam.gserviceaccount.com"))
	assert.False(t, fires(pipeline, "build@acme.iam.gserviceaccount.com"))
	assert.False(t, fires(), "nobody said which service account deploys")
}

// TestThePlaybookShowsEveryEntryThatItsAlertFiresFor: an on-call whose query shows nothing
// takes the alert for a mistake.
func TestThePlaybookShowsEveryEntryThatItsAlertFiresFor(t *testing.T) {
	t.Parallel()
	query := regexp.MustCompile(`gcloud logging read '([^']*)'`)
	for _, a := range alert.All(license, alert.Thresholds{}) {
		if a.Filter == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "playbooks", a.Playbook))
		require.NoError(t, err)
		var shown []*logfilter.Filter
		for _, found := range query.FindAllStringSubmatch(string(text), -1) {
			filter, err := logfilter.Parse(found[1])
			require.NoError(t, err, a.Playbook)
			shown = append(shown, filter)
		}
		for name, entry := range entries()[a.Name].fires {
			assert.True(t, slices.ContainsFunc(shown, func(f *logfilter.Filter) bool { return f.Matches(entry) }), "%s does not show: %s", a.Playbook, name)
		}
	}
}

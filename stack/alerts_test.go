package stack_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/logfilter"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// TestTheAlertsAreAboutWhatTheStackDeclares: an alert that reads a metric or an
// entry of another name would be silent for ever.
func TestTheAlertsAreAboutWhatTheStackDeclares(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		made := stacktest.Deploy(t, name)
		query := func(alert string) string {
			return made.One(t, "gcp:monitoring/alertPolicy:AlertPolicy", "observe-"+alert).Text("conditions[0].conditionPrometheusQueryLanguage.query")
		}
		policy := made.Of("gcp:compute/securityPolicy:SecurityPolicy")
		require.Len(t, policy, 1, name)
		assert.Contains(t, query("WAFDenialSurge"), `policy_name="`+policy[0].Text("name")+`"`, name)

		instance := regexp.MustCompile(`instance_id=~"([^"]*)"`).FindStringSubmatch(query("RedisMemoryHigh"))
		require.NotNil(t, instance, name)
		redis := made.Of("gcp:redis/instance:Instance")
		require.Len(t, redis, 1, name)
		full := "projects/p/locations/us-central1/instances/" + redis[0].Text("name")
		assert.Regexp(t, "^(?:"+instance[1]+")$", full, "PromQL's patterns match the whole label")

		read := made.One(t, "gcp:monitoring/alertPolicy:AlertPolicy", "observe-SecretReadByPerson").Text("conditions[0].conditionMatchedLog.filter")
		filter, err := logfilter.Parse(read)
		require.NoError(t, err)
		secrets := made.Of("gcp:secretmanager/secret:Secret")
		require.NotEmpty(t, secrets, name)
		for _, secret := range secrets {
			assert.True(t, filter.Matches(map[string]any{
				"logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access", "severity": "INFO",
				"protoPayload": map[string]any{
					"serviceName": "secretmanager.googleapis.com", "methodName": "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
					"resourceName":       "projects/1/secrets/" + secret.Text("secretId") + "/versions/1",
					"authenticationInfo": map[string]any{"principalEmail": "ann@coditect.ai"},
				},
			}), "%s: nobody would learn that %s was read", name, secret.Text("secretId"))
		}

		lost := made.One(t, "gcp:monitoring/alertPolicy:AlertPolicy", "observe-KeyVersionDestroyed").Text("conditions[0].conditionMatchedLog.filter")
		filter, err = logfilter.Parse(lost)
		require.NoError(t, err)
		keys := made.Of("gcp:kms/cryptoKey:CryptoKey")
		require.NotEmpty(t, keys, name)
		destroyed := func(key string) bool {
			return filter.Matches(map[string]any{
				"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "severity": "NOTICE",
				"protoPayload": map[string]any{
					"serviceName": "cloudkms.googleapis.com", "methodName": "DestroyCryptoKeyVersion", "resourceName": key + "/cryptoKeyVersions/1",
				},
			})
		}
		for _, key := range keys {
			assert.True(t, destroyed(key.Text("keyRing")+"/cryptoKeys/"+key.Text("name")), "%s: nobody would learn that %s was destroyed", name, key.Text("name"))
		}
		assert.False(t, destroyed("projects/p/locations/us-central1/keyRings/coditect-ide/cryptoKeys/files"), "%s: the IDE's keys are its owner's", name)
	}
}

// TestAnAlertLeadsToItsPlaybook: whoever is paged has no clone at hand, and a path is no link.
func TestAnAlertLeadsToItsPlaybook(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dev", "prod"} {
		alerts := stacktest.Deploy(t, name).Of("gcp:monitoring/alertPolicy:AlertPolicy")
		require.NotEmpty(t, alerts, name)
		for _, a := range alerts {
			assert.Regexp(t, `What to do: https://\S+/docs/playbooks/[a-z-]+\.md$`, a.Text("documentation.content"), "%s: %s", name, a.Name)
		}
	}
}

// TestTheDashboardComparesWithWhatThePodsHave: Google writes no utilization of a limit or a
// request that a container does not have, so that its chart would stay empty.
func TestTheDashboardComparesWithWhatThePodsHave(t *testing.T) {
	t.Parallel()
	utilization := regexp.MustCompile(`kubernetes\.io/container/(cpu|memory)/(limit|request)_utilization`)
	for _, name := range stacktest.Stacks(t) {
		made := stacktest.Deploy(t, name)
		pod := made.One(t, deployment, "license-api")
		charts := 0
		for _, dashboard := range made.Of("gcp:monitoring/dashboard:Dashboard") {
			for _, found := range utilization.FindAllStringSubmatch(dashboard.Text("dashboardJson"), -1) {
				charts++
				assert.NotEmpty(t, pod.Text("spec.template.spec.containers[0].resources."+found[2]+"s."+found[1]), "%s: %s", name, found[0])
			}
		}
		assert.Equal(t, 2, charts, name)
	}
}

// TestOnlyThePlatformsOwnEntriesLeaveASharedProjectsDefaultBucket: the rest may be the
// evidence of others.
func TestOnlyThePlatformsOwnEntriesLeaveASharedProjectsDefaultBucket(t *testing.T) {
	t.Parallel()
	container := func(namespace, app string) map[string]any {
		return map[string]any{
			"resource": map[string]any{"type": "k8s_container", "labels": map[string]any{"namespace_name": namespace}},
			"labels":   map[string]any{"k8s-pod/app": app},
		}
	}
	request := func(url string) map[string]any {
		return map[string]any{"resource": map[string]any{"type": "http_load_balancer"}, "httpRequest": map[string]any{"requestUrl": url}}
	}
	made := stacktest.Deploy(t, "prod")
	sink, err := logfilter.Parse(made.One(t, "gcp:logging/projectSink:ProjectSink", "observe").Text("filter"))
	require.NoError(t, err)
	excluded, err := logfilter.Parse(made.One(t, "gcp:logging/projectExclusion:ProjectExclusion", "observe").Text("filter"))
	require.NoError(t, err)
	for _, ours := range []map[string]any{
		container("coditect-app", "license-api"), container("coditect-app", "license-migrate"),
		request("https://licenses.coditect.ai/v1/licenses"), request("https://licenses.coditect.ai:443/health"),
	} {
		assert.True(t, excluded.Matches(ours), ours)
		assert.True(t, sink.Matches(ours), "what is excluded is stored: %v", ours)
	}
	for _, theirs := range []map[string]any{
		container("coditect-app", "coditect-api-v2"), container("other", "license-api"),
		request("https://coditect.ai/?next=https://licenses.coditect.ai/"), request("https://licenses.coditect.ai.evil.example/"),
		{"resource": map[string]any{"type": "k8s_pod", "labels": map[string]any{"namespace_name": "coditect-app", "pod_name": "old-license-server-1"}}},
		{"resource": map[string]any{"type": "cloudsql_database", "labels": map[string]any{"database_id": "coditect-cloud-infra:coditect-db"}}},
		{"logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access"},
		{"resource": map[string]any{"type": "identitytoolkit_project"}},
	} {
		assert.False(t, excluded.Matches(theirs), theirs)
	}
}

func TestWhatOthersReadInASharedProjectIsNotCopied(t *testing.T) {
	t.Parallel()
	data := func(api string) map[string]any {
		return map[string]any{"logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access", "protoPayload": map[string]any{"serviceName": api}}
	}
	signIn := func(of string) map[string]any { return map[string]any{"resource": map[string]any{"type": of}} }
	for name, shared := range map[string]bool{"prod": true, "dev": false} {
		sink, err := logfilter.Parse(stacktest.Deploy(t, name).One(t, "gcp:logging/projectSink:ProjectSink", "observe").Text("filter"))
		require.NoError(t, err)
		for _, ours := range []map[string]any{data("cloudkms.googleapis.com"), data("secretmanager.googleapis.com"), data("cloudsql.googleapis.com"), signIn("identitytoolkit_tenant")} {
			assert.True(t, sink.Matches(ours), "%s: %v", name, ours)
		}
		for _, theirs := range []map[string]any{data("bigquery.googleapis.com"), data("storage.googleapis.com"), signIn("identitytoolkit_project")} {
			assert.Equal(t, !shared, sink.Matches(theirs), "%s: %v", name, theirs)
		}
	}
}

// TestEveryFilterOfLogEntriesCanBeRead: of the sink and of the alerts.
func TestEveryFilterOfLogEntriesCanBeRead(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		read := 0
		made := stacktest.Deploy(t, name)
		for _, sink := range made.Of("gcp:logging/projectSink:ProjectSink") {
			filter, err := logfilter.Parse(sink.Text("filter"))
			require.NoError(t, err, name)
			audit := map[string]any{"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity"}
			assert.True(t, filter.Matches(audit), "the audit trail is kept")
			assert.False(t, filter.Matches(map[string]any{"resource": map[string]any{"type": "gce_instance"}}), "what is not ours is not")
			read++
		}
		for _, policy := range made.Of("gcp:monitoring/alertPolicy:AlertPolicy") {
			if text := policy.Text("conditions[0].conditionMatchedLog.filter"); text != "" {
				_, err := logfilter.Parse(text)
				assert.NoError(t, err, "%s of %s", policy.Name, name)
				assert.Contains(t, text, "\nAND ", strings.TrimPrefix(policy.Name, "observe-"))
				read++
			}
		}
		assert.Equal(t, 4, read, "the sink's and three alerts'")
	}
}

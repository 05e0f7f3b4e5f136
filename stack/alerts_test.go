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

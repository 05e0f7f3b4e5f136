package observe

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProjectLogsReadsOfSecretsByItsOwnConfigurationOrThatOfAllServices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service, log string
		logged       bool
	}{
		"Secret Manager's reads":  {"secretmanager.googleapis.com", "DATA_READ", true},
		"everybody's reads":       {"allServices", "DATA_READ", true},
		"Secret Manager's writes": {"secretmanager.googleapis.com", "DATA_WRITE", false},
		"another service's reads": {"cloudkms.googleapis.com", "DATA_READ", false},
	} {
		problems, err := secretsAreAudited(`{"auditConfigs":[{"service":"` + c.service + `","auditLogConfigs":[{"logType":"` + c.log + `"}]}]}`)
		require.NoError(t, err)
		assert.Equal(t, c.logged, len(problems) == 0, name)
	}
	_, err := secretsAreAudited("{")
	assert.ErrorContains(t, err, "read the project's IAM policy")
}

func TestMembersThatAreExemptStaySoForTheSameServiceAndLog(t *testing.T) {
	t.Parallel()
	found, err := exemptions(`{"auditConfigs":[
		{"service":"cloudkms.googleapis.com","auditLogConfigs":[{"logType":"DATA_READ","exemptedMembers":["user:ann@coditect.ai"]},{"logType":"DATA_WRITE"}]},
		{"service":"secretmanager.googleapis.com","auditLogConfigs":[{"logType":"DATA_READ","exemptedMembers":["user:bob@coditect.ai"]}]}]}`, "cloudkms.googleapis.com")
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"DATA_READ": {"user:ann@coditect.ai"}, "DATA_WRITE": nil}, found)
}

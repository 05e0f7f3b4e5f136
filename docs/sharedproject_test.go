package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A project may have databases, keys, load balancers and pods of others. An on-call who is shown
// theirs looks in the wrong place.
func TestALogQuerySelectsWhatIsThePlatforms(t *testing.T) {
	t.Parallel()
	own := []string{
		"://licenses.coditect.ai/", "://licenses[.]coditect[.]ai/", `labels."k8s-pod/app"="license-api"`, `resource.labels.database_id:":stores-"`,
		`resource.labels.policy_name="license-api-security-policy"`, `protoPayload.resourceName:"/keyRings/coditect-license-keys/"`, `protoPayload.resourceName=~"/secrets/license-(redis-auth|migration-password)/"`,
	}
	// These ask about the whole project on purpose.
	whole := []string{
		`principalEmail="PERSON"`,               // what else a suspect did
		`ConfigServiceV2[.]|(AlertPolicy|Notif`, // a change of a policy of others can open a way to the platform
	}
	found := 0
	for _, b := range every(t, "sh") {
		all, _ := commands(t, b)
		for _, c := range all {
			if len(c.words) < 4 || strings.Join(c.words[:3], " ") != "gcloud logging read" {
				continue
			}
			found++
			filter := c.words[3]
			assert.True(t, slices.ContainsFunc(slices.Concat(own, whole), func(part string) bool { return strings.Contains(filter, part) }),
				"%s:%d also selects entries of others: %s", c.document, c.line, filter)
		}
	}
	assert.Greater(t, found, 20)
}

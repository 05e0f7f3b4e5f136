package e2e_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func attacksAreHeld(t *testing.T, m *machine) {
	output := m.must(t, "attack")
	assert.Regexp(t, `held: each of \d{2,} attacks ended where it has to`, output)
	assert.Regexp(t, `race for the last seat +6 data +no_seats_available`, output)
	if !strings.Contains(output, "left out") { // where the machine has namespaces
		assert.Regexp(t, `from an IDE pod to the API's metrics +4 workload +NetworkPolicy +timeout +stopped`, output)
		assert.Regexp(t, `from an IDE pod to the API's token +5 identity, application +metadata server +404`, output)
	}
	assert.NotContains(t, output, "BREACHED")
}

func faultsAreToldAndHealed(t *testing.T, m *machine) {
	token, health := m.token(t), request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health"}
	// Each request is a client of its own, so that no rate limit is in the way.
	acquire := func(client string) int {
		return m.send(t, request{
			method: http.MethodPost, host: m.endpoints.Hosts["licenses"], token: token, client: client,
			path: "/v1/licenses/" + m.endpoints.License + "/acquire", body: map[string]any{"fingerprint": "device-6"},
		}).status
	}
	require.Equal(t, http.StatusCreated, acquire("ip=198.51.100.20;region=US"), "device 6 takes a seat, and keeps it from here on")
	m.must(t, "fail", "identity") // first, while each pod has seen a token
	assert.Equal(t, http.StatusOK, acquire("ip=198.51.100.23;region=US"), "keys that were fetched stay good")
	m.must(t, "heal")
	for name, want := range map[string]int{"redis": 503, "postgres": 503, "kms": 503, "api": 502} {
		m.must(t, "fail", name)
		assert.Contains(t, m.must(t, "status"), name+" is made to fail")
		assert.Eventually(t, func() bool { return acquire("ip=198.51.100.21;region=US") == want }, 15*time.Second, 250*time.Millisecond, "%s fails", name)
		output, code := m.command(t, "attack")
		assert.Equal(t, 1, code, "what is down proves nothing about attacks")
		assert.Contains(t, output, name+" is made to fail")
		assert.Contains(t, m.must(t, "heal", name), "nothing is made to fail")
		assert.Eventually(t, func() bool { return acquire("ip=198.51.100.22;region=US") == http.StatusOK }, 30*time.Second, 500*time.Millisecond, "%s is healed", name)
	}
	assert.Equal(t, http.StatusOK, m.send(t, health).status)
	m.must(t, "fail", "database-lock", "postgres")
	assert.Contains(t, m.must(t, "heal", "postgres"), "made to fail: database-lock;")
	assert.Eventually(t, func() bool { return acquire("ip=198.51.100.25;region=US") == http.StatusServiceUnavailable }, 30*time.Second, 250*time.Millisecond,
		"a lock lasts until it is healed, though its server was started anew")
	assert.Contains(t, m.must(t, "heal"), "healed database-lock")
	assert.Eventually(t, func() bool { return acquire("ip=198.51.100.26;region=US") == http.StatusOK }, 30*time.Second, 500*time.Millisecond)

	output, code := m.command(t, "fail", "everything")
	assert.Equal(t, 1, code)
	assert.Contains(t, output, "everything")
}

// aFailureIsTold lets alerts live faster, since theirs is a matter of minutes.
func aFailureIsTold(t *testing.T, m *machine) {
	token, client := m.token(t), 0
	assert.Contains(t, m.must(t, "alerts", "--hurry", "60"), "60 times faster than real time")
	m.must(t, "fail", "kms")
	told := func(state string) func() bool {
		return func() bool {
			client++ // each request is a client of its own, so that no rate limit is in the way
			m.send(t, request{
				method: http.MethodPost, host: m.endpoints.Hosts["licenses"], token: token, client: fmt.Sprintf("ip=198.51.101.%d;region=US", client%250+1),
				path: "/v1/licenses/" + m.endpoints.License + "/acquire", body: map[string]any{"fingerprint": "device-6"},
			})
			return regexp.MustCompile(`CloudKMSSigningFailures +` + state + ` +email security@coditect.ai`).MatchString(m.must(t, "alerts"))
		}
	}
	require.Eventually(t, told("firing"), time.Minute, 100*time.Millisecond)
	assert.Contains(t, m.must(t, "status"), "CloudKMSSigningFailures firing")
	m.must(t, "heal")
	require.Eventually(t, told("resolved"), time.Minute, 100*time.Millisecond)
	output, code := m.command(t, "alerts", "--hurry", "361")
	assert.Equal(t, 1, code)
	assert.Contains(t, output, "1 (real time) to 360")
	m.must(t, "alerts", "--hurry", "1")
}

func driftIsFound(t *testing.T, m *machine) {
	output := m.must(t, "drift")
	assert.Contains(t, output, `preview: false → true`)
	assert.Contains(t, output, `ingress.allow-http"]: "false" → "true"`)
	assert.Contains(t, output, `settings.backupConfiguration.enabled: true → false`)
	assert.Regexp(t, regexp.MustCompile(`3 to update, \d+ unchanged`), output)
	assert.Contains(t, output, "everything is as it was")
	attack := m.send(t, request{
		method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health?id=1%27%20UNION%20SELECT%20password%20FROM%20users--",
		client: "ip=198.51.100.24;region=US",
	})
	assert.Equal(t, http.StatusForbidden, attack.status, "the rule denies again")

	m.must(t, "drift", "--keep")
	assert.Contains(t, m.must(t, "status"), "notice: changed behind Pulumi's back: the Ingress answers unencrypted requests")
	m.must(t, "refresh")
	m.must(t, "up")
	assert.NotContains(t, m.must(t, "status"), "behind Pulumi's back", "it is repaired")
}

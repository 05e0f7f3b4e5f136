package e2e_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
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

// acquireOnce asks once for device 6's seat, and tells what that was answered. Each request is a
// client of its own, so that no rate limit is in the way.
func (m *machine) acquireOnce(t *testing.T, token string) int {
	t.Helper()
	return m.sendOnce(t, request{
		method: http.MethodPost, host: m.endpoints.Hosts["licenses"], token: token, client: m.stranger(),
		path: "/v1/licenses/" + m.endpoints.License + "/acquire", body: map[string]any{"fingerprint": "device-6"},
	}, "").status
}

// failing makes a part fail, and sees that the license API answers so. It asks from before the
// fault on: when a busy machine needs seconds for that command, the load balancer may have
// given the pods up, and answer by itself, before another one could look.
func (m *machine) failing(t *testing.T, name string, want int) {
	t.Helper()
	token, code := m.token(t), make(chan int, 1)
	var command sync.WaitGroup
	defer command.Wait()
	command.Go(func() {
		_, ended := m.command(t, "fail", name)
		code <- ended
	})
	await.True(t, func() bool { return m.acquireOnce(t, token) == want }, "%s fails", name)
	require.Zero(t, await.Receive(t, code))
}

func faultsAreToldAndHealed(t *testing.T, m *machine) {
	token := m.token(t)
	granted := func() bool { return slices.Contains([]int{http.StatusOK, http.StatusCreated}, m.acquireOnce(t, token)) }
	seat := m.acquire(t, token, "device-6")
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, seat.status, "device 6 takes a seat, and keeps it from here on: %s", seat.body)
	m.must(t, "fail", "identity") // first, while each pod has seen a token
	kept := m.acquire(t, token, "device-6")
	assert.Equal(t, http.StatusOK, kept.status, "keys that were fetched stay good: %s", kept.body)
	m.must(t, "heal")
	for name, want := range map[string]int{"redis": 503, "postgres": 503, "kms": 503, "api": 502} {
		m.failing(t, name, want)
		assert.Contains(t, m.well(t), name+" is made to fail")
		output, code := m.command(t, "attack")
		assert.Equal(t, 1, code, "what is down proves nothing about attacks")
		assert.Contains(t, output, name+" is made to fail")
		assert.Contains(t, m.must(t, "heal", name), "nothing is made to fail")
		await.True(t, granted, "%s is healed", name)
	}
	health := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health"})
	assert.Equal(t, http.StatusOK, health.status)
	m.must(t, "fail", "database-lock", "postgres")
	assert.Contains(t, m.must(t, "heal", "postgres"), "made to fail: database-lock;")
	await.True(t, func() bool { return m.acquireOnce(t, token) == http.StatusServiceUnavailable },
		"a lock lasts until it is healed, though its server was started anew")
	assert.Contains(t, m.must(t, "heal"), "healed database-lock")
	await.True(t, granted, "the lock is healed")

	output, code := m.command(t, "fail", "everything")
	assert.Equal(t, 1, code)
	assert.Contains(t, output, "everything")
}

// aFailureIsTold lets alerts live faster, since theirs is a matter of minutes.
func aFailureIsTold(t *testing.T, m *machine) {
	token := m.token(t)
	assert.Contains(t, m.must(t, "alerts", "--hurry", "60"), "60 times faster than real time")
	m.must(t, "fail", "kms")
	told := func(state string) func() bool {
		return func() bool {
			m.acquireOnce(t, token)
			return regexp.MustCompile(`CloudKMSSigningFailures +` + state + ` +email security@coditect.ai`).MatchString(m.must(t, "alerts"))
		}
	}
	await.True(t, told("firing"), "the alert is told")
	assert.Contains(t, m.well(t), "CloudKMSSigningFailures firing")
	m.must(t, "heal")
	await.True(t, told("resolved"), "its end is told")
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
		client: m.stranger(),
	})
	assert.Equal(t, http.StatusForbidden, attack.status, "the rule denies again")

	m.must(t, "drift", "--keep")
	assert.Contains(t, m.well(t), "notice: changed behind Pulumi's back: the Ingress answers unencrypted requests")
	m.must(t, "refresh")
	m.must(t, "up")
	assert.NotContains(t, m.well(t), "behind Pulumi's back", "it is repaired")
}

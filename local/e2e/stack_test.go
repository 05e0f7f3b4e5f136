package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/client/leap"
)

// TestTheWholeStackOnOneMachine is one story, told in order: each step stands on
// the one before it.
func TestTheWholeStackOnOneMachine(t *testing.T) {
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	m.connect(t)

	steps := []struct {
		name string
		run  func(*testing.T, *machine)
	}{
		{"five seats can be acquired and each token verifies from the public keys, the sixth is refused", seatsAreLimited},
		{"the client keeps a seat by its heartbeats, and its release frees it", seatsAreKeptAndFreed},
		{"a newcomer holds a seat with ten lines of Go", newcomersHoldSeats},
		{"a pipeline holds a seat in one line of shell, with a service credential", programsHoldSeats},
		{"a request without a good token is told so, without internals", strangersAreRefused},
		{"an attack in the query is stopped by the WAF", attacksAreStopped},
		{"a client from a region that is not listed is stopped", regionsAreStopped},
		{"the 101st request in a minute from one client is throttled", floodsAreThrottled},
		{"the Cloud IDE on the same address sees none of this", theCloudIDEIsUnchanged},
		{"nobody but the load balancer and the collector of metrics reaches a pod", podsAreKeptApart},
		{"every attack is stopped by the layer that has to, and what passes passes untouched", attacksAreHeld},
		{"each part fails by name, is told and heals", faultsAreToldAndHealed},
		{"a key that fails is told to whoever is on call, and so is its end", aFailureIsTold},
		{"a change behind Pulumi's back is found, and put back", driftIsFound},
		{"a preview after a change of one rule shows exactly that rule", previewsAreExact},
		{"a rolling update under load loses no request", aRollingUpdateLosesNothing},
		{"a second up changes nothing", aSecondUpChangesNothing},
		{"provider plugins plan prod as it is declared, and reach nobody", pluginsPlan},
		{"so do the real ones, where they are installed", realPluginsPlan},
		{"down leaves no process and no state", downLeavesNothing},
	}
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, m) }) {
			t.Fatalf("the story ends at: %s", step.name)
		}
	}
}

func (m *machine) acquire(t *testing.T, token, fingerprint string) answer {
	t.Helper()
	return m.send(t, request{
		method: http.MethodPost, host: m.endpoints.Hosts["licenses"], token: token,
		path: "/v1/licenses/" + m.endpoints.License + "/acquire",
		body: map[string]any{"fingerprint": fingerprint},
	})
}

func seatsAreLimited(t *testing.T, m *machine) {
	token := m.token(t)
	keys := m.publicKeys(t)
	for seat := 1; seat <= 5; seat++ {
		got := m.acquire(t, token, fmt.Sprintf("device-%d", seat))
		require.Contains(t, []int{http.StatusOK, http.StatusCreated}, got.status, string(got.body))
		lease := got.json(t)
		signed, err := jwt.ParseSigned(lease["token"].(string), []jose.SignatureAlgorithm{jose.RS512})
		require.NoError(t, err)
		var claims struct {
			jwt.Claims
			Lease  string `json:"lease"`
			Tenant string `json:"tenant"`
		}
		require.NoError(t, signed.Claims(keys, &claims), "the license token verifies from the public keys")
		assert.Equal(t, m.endpoints.License, claims.Subject)
		assert.Equal(t, m.endpoints.Tenant, claims.Tenant)
		assert.NotEmpty(t, claims.Lease)
	}
	again := m.acquire(t, token, "device-1")
	assert.Equal(t, http.StatusOK, again.status, "the same device keeps its seat")

	sixth := m.acquire(t, token, "device-6")
	require.Equal(t, http.StatusConflict, sixth.status, string(sixth.body))
	assert.Equal(t, "no_seats_available", sixth.json(t)["code"])
}

func seatsAreKeptAndFreed(t *testing.T, m *machine) {
	host, clock := m.endpoints.Hosts["licenses"], leap.New()
	config := client.Config{
		Server: "https://" + host, License: m.endpoints.License, Product: "coditect-ide", Fingerprint: "device-1",
		Identity: client.Credential(m.token(t)), HTTP: m.client, Clock: clock,
		Changed: func(c client.Change) { t.Errorf("the seat is lost or back: %+v", c) },
	}
	seat, err := client.Hold(t.Context(), config)
	require.NoError(t, err)
	until := seat.Until()
	await.True(t, func() bool { return clock.Asleep() == 1 })
	clock.On(until.Sub(clock.Now()) / 2)                                                          // later than a third of the lease, when a heartbeat is due
	await.True(t, func() bool { return seat.Until().After(until) }, "a heartbeat keeps the seat") // one that fails is sent again within seconds
	assert.True(t, seat.Held())
	require.NoError(t, seat.Close(t.Context()))

	next := m.acquire(t, m.token(t), "device-6")
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, next.status, "the freed seat is there for the next: %s", next.body)
	freed := m.send(t, request{method: http.MethodPost, host: host, path: "/v1/leases/" + next.json(t)["leaseId"].(string) + "/release", token: m.token(t)})
	require.Equal(t, http.StatusNoContent, freed.status, string(freed.body))
}

func strangersAreRefused(t *testing.T, m *machine) {
	path := "/v1/licenses/" + m.endpoints.License + "/acquire"
	host := m.endpoints.Hosts["licenses"]
	body := map[string]any{"fingerprint": "stranger"}

	missing := m.send(t, request{method: http.MethodPost, host: host, path: path, body: body})
	require.Equal(t, http.StatusUnauthorized, missing.status, string(missing.body))
	assert.Equal(t, "missing_auth", missing.json(t)["code"])

	own := m.token(t)
	forged := m.send(t, request{method: http.MethodPost, host: host, path: path, body: body, token: own[:strings.LastIndex(own, ".")+1] + "AAAA"})
	require.Equal(t, http.StatusUnauthorized, forged.status, string(forged.body))
	assert.Equal(t, "invalid_token", forged.json(t)["code"])

	foreign := m.send(t, request{method: http.MethodPost, host: host, path: path, body: body, token: m.token(t, "--tenant", "another-tenant")})
	assert.Equal(t, http.StatusForbidden, foreign.status, string(foreign.body))
}

func attacksAreStopped(t *testing.T, m *machine) {
	const attack = "/health?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
	got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: attack})
	assert.Equal(t, http.StatusForbidden, got.status, string(got.body))
	harmless := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health"})
	assert.Equal(t, http.StatusOK, harmless.status, string(harmless.body))
}

func regionsAreStopped(t *testing.T, m *machine) {
	for region, status := range map[string]int{"DE": http.StatusOK, "KP": http.StatusForbidden} {
		got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health", client: "ip=203.0.113.9;region=" + region})
		assert.Equal(t, status, got.status, "region %s: %s", region, got.body)
	}
}

func floodsAreThrottled(t *testing.T, m *machine) {
	const client = "ip=198.51.100.7;region=US"
	for n := 1; n <= 100; n++ {
		got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health", client: client})
		require.Equal(t, http.StatusOK, got.status, "request %d: %s", n, got.body)
	}
	got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health", client: client})
	assert.Equal(t, http.StatusTooManyRequests, got.status, "the 101st: %s", got.body)
	other := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/health", client: "ip=198.51.100.8;region=US"})
	assert.Equal(t, http.StatusOK, other.status, "another client is not held responsible")
}

func theCloudIDEIsUnchanged(t *testing.T, m *machine) {
	const attack = "/?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
	for name, service := range map[string]string{"api": "coditect-api-v2", "apex": "coditect-frontend", "www": "coditect-frontend"} {
		for n := range 110 {
			got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts[name], path: attack, client: "ip=198.51.100.9;region=KP"})
			require.Equal(t, http.StatusOK, got.status, "%s, request %d: %s", name, n+1, got.body)
			require.Contains(t, string(got.body), service)
		}
	}
}

func previewsAreExact(t *testing.T, m *machine) {
	output := m.must(t, "preview", "--config", "armor.seats.devices=300")
	assert.Contains(t, output, "keep-seats")
	assert.Contains(t, output, "1 to update")
	assert.NotContains(t, output, "to create")
	assert.NotContains(t, output, "to delete")
	assert.NotContains(t, output, "to replace")
}

// rollout is a setting that makes other pods.
const rollout = "api.shutdownSeconds=11"

func aRollingUpdateLosesNothing(t *testing.T, m *machine) {
	pods := func() []string {
		status, _ := m.command(t, "status") // a pod that is not ready yet is no failure here
		return regexp.MustCompile(`(?m)^coditect-app/license-api-\S+`).FindAllString(status, -1)
	}
	before := pods()
	var lost, served atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if status, err := m.health(m.stranger()); err != nil || status != http.StatusOK {
					lost.Add(1)
					t.Errorf("a request was lost: status %d, %v", status, err)
				}
				served.Add(1)
			}
		})
	}
	m.must(t, "up", "--config", rollout)
	// The load goes on until the last of the old pods has ended.
	left := func() bool {
		return slices.ContainsFunc(pods(), func(pod string) bool { return slices.Contains(before, pod) })
	}
	for deadline := time.Now().Add(await.Limit); left() && time.Now().Before(deadline); {
		time.Sleep(250 * time.Millisecond)
	}
	for deadline := time.Now().Add(await.Limit); served.Load() <= 100 && time.Now().Before(deadline); {
		time.Sleep(250 * time.Millisecond)
	}
	close(stop)
	load.Wait()
	assert.Len(t, before, 2)
	assert.False(t, left(), "other pods took over")
	assert.Zero(t, lost.Load())
	assert.Greater(t, served.Load(), int64(100))
	t.Logf("%d requests", served.Load())
}

// health asks the license API, for use by any goroutine.
func (m *machine) health(client string) (int, error) {
	request, err := http.NewRequest(http.MethodGet, "https://"+m.endpoints.Hosts["licenses"]+"/health", http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Local-Client", client)
	response, err := m.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

func aSecondUpChangesNothing(t *testing.T, m *machine) {
	output := m.must(t, "up", "--config", rollout)
	assert.Contains(t, output, "0 changes")
}

func downLeavesNothing(t *testing.T, m *machine) {
	m.must(t, "down")
	left, err := os.ReadDir(m.directory)
	if err == nil {
		assert.Empty(t, left, "the folder is empty or gone")
	} else {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	assert.Empty(t, processesOf(t, m.directory))
}

// processesOf lists the running processes whose command line names the folder.
func processesOf(t *testing.T, directory string) []string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	var found []string
	for _, line := range lines {
		content, err := os.ReadFile(line)
		if err == nil && strings.Contains(string(content), directory) {
			found = append(found, line+": "+strings.ReplaceAll(string(content), "\x00", " "))
		}
	}
	return found
}

func (m *machine) publicKeys(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	got := m.send(t, request{method: http.MethodGet, host: m.endpoints.Hosts["licenses"], path: "/.well-known/jwks.json"})
	require.Equal(t, http.StatusOK, got.status, string(got.body))
	var keys jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(got.body, &keys))
	require.NotEmpty(t, keys.Keys)
	return keys
}

package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// family are a process and all that descend from it.
func family(t *testing.T, root int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	children := map[int][]int{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, fields, _ := strings.Cut(string(content[strings.LastIndexByte(string(content), ')'):]), " ")
		parent, err := strconv.Atoi(strings.Fields(fields)[1])
		require.NoError(t, err)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		require.NoError(t, err)
		children[parent] = append(children[parent], pid)
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// daemon is the process of the embedded cloud that started all others.
func (m *machine) daemon(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.directory, "daemon.json"))
	require.NoError(t, err)
	var record struct{ PID int }
	require.NoError(t, json.Unmarshal(content, &record))
	require.Positive(t, record.PID)
	return record.PID
}

// sleeps stops every process of the stack for a while, as a laptop does that sleeps.
func (m *machine) sleeps(t *testing.T, lasting time.Duration) {
	t.Helper()
	stopped := map[int]bool{}
	for again := true; again; { // one may start another before it is stopped itself
		again = false
		for _, pid := range family(t, m.daemon(t)) {
			if !stopped[pid] && syscall.Kill(pid, syscall.SIGSTOP) == nil {
				stopped[pid], again = true, true
			}
		}
	}
	t.Logf("%d processes sleep for %s", len(stopped), lasting)
	time.Sleep(lasting)
	for pid := range stopped {
		assert.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	}
}

// TestDrillALaptopSleepsAndWakes stops a stack with a held seat, with alerts in a hurry,
// so that they look back on hours. That lasts minutes, so `make drills` runs it.
func TestDrillALaptopSleepsAndWakes(t *testing.T) {
	if testing.Short() {
		t.Skip("make drills runs it")
	}
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	m.connect(t)
	m.must(t, "alerts", "--hurry", "60")
	acquire := func(device string) answer {
		return m.send(t, request{
			method: http.MethodPost, host: m.endpoints.Hosts["licenses"], path: "/v1/licenses/" + m.endpoints.License + "/acquire",
			token: m.token(t), body: map[string]any{"fingerprint": device},
		})
	}
	for _, lasting := range []time.Duration{5 * time.Second, 75 * time.Second} {
		held := acquire("laptop")
		require.Contains(t, []int{http.StatusCreated, http.StatusOK}, held.status, string(held.body))
		before := len(m.told(t))
		m.client.CloseIdleConnections()
		m.sleeps(t, lasting)

		woke := time.Now()
		said, code := m.command(t, "status")
		for ; code != 0 && time.Since(woke) < time.Minute; said, code = m.command(t, "status") {
			time.Sleep(200 * time.Millisecond)
		}
		assert.Zero(t, code, "it is well again: %s", said)
		t.Logf("well again %.1f s after it woke", time.Since(woke).Seconds())
		again := acquire("laptop")
		assert.Contains(t, []int{http.StatusCreated, http.StatusOK}, again.status, "%s", again.body)
		m.must(t, "preview")

		time.Sleep(20 * time.Second) // 20 minutes of the alerts' time
		open := map[string]bool{}
		for _, n := range m.told(t)[before:] {
			t.Logf("told: %s %s %s", n.Alert, n.State, n.Summary)
			open[n.Alert] = n.State == monitoring.Firing
		}
		for alert := range open {
			m.over(t, alert)
		}
	}
	m.must(t, "attack")
}

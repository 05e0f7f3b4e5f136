package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replacing are settings that replace or move something of a running stack: each is
// a mistake that somebody makes once.
func replacing() []string {
	return []string{
		"platform.region=europe-west1",
		"platform.project=other-project-1",
		"platform.domain=example.com",
		"data.keys.ring=other",
		"data.signing.versions.0.name=2027-01",
		"data.sql.tier=db-custom-2-7680",
		"data.redis.tier=STANDARD_HA",
		"network.name=other-vpc",
		"network.subnetwork=other-subnet",
		"network.edgeAddress.name=other-ip",
		"network.privateServicesRange=10.99.0.0/20",
		"kubernetes.cluster.name=other-cluster",
		"kubernetes.namespace.name=other-namespace",
		"kubernetes.ingress.name=other-ingress",
		"kubernetes.networkPolicies.dataplane=calico",
	}
}

// soon is how long a wrong setting may keep somebody, on a machine that is busy.
const soon = 90 * time.Second

// TestWrongSettingsOnARunningStackAreToldSoonAndUndone previews each wrong setting,
// and brings some of them up: each ends by itself, and the next `up` repairs it.
func TestWrongSettingsOnARunningStackAreToldSoonAndUndone(t *testing.T) {
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "up")
	for _, setting := range replacing() {
		began := time.Now()
		output, code := m.command(t, "preview", "--config", setting)
		assert.Less(t, time.Since(began), soon, setting)
		if code != 0 {
			assert.Contains(t, output, "error: ", setting)
			assert.NotContains(t, output, "defect of the embedded cloud", setting)
		}
	}
	assert.Contains(t, m.must(t, "preview"), "nothing changes", "a preview changes nothing")
	interruptedCommandsEnd(t, m)
	if testing.Short() {
		return
	}
	for _, setting := range replacing() {
		began := time.Now()
		output, code := m.command(t, "up", "--config", setting)
		assert.Less(t, time.Since(began), 3*soon, setting)
		if code != 0 {
			assert.Contains(t, output, "error: ", setting)
			assert.NotContains(t, output, "defect of the embedded cloud", setting)
		}
	}
	m.must(t, "up")
	m.connect(t)
	assert.Equal(t, 200, m.send(t, request{method: "GET", host: m.endpoints.Hosts["licenses"], path: "/health"}).status)
	m.must(t, "attack")
}

// interruptedCommandsEnd interrupts commands at several moments of their work.
func interruptedCommandsEnd(t *testing.T, m *machine) {
	for _, after := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 4 * time.Second} {
		for _, arguments := range [][]string{{"preview", "--config", "data.keys.ring=other"}, {"up"}, {"refresh"}, {"attack"}} {
			command := exec.Command(m.binary, append(arguments, "--dir", m.directory)...)
			command.Env = append(os.Environ(), fmt.Sprintf("EDGE_PORT=%d", m.edgePort))
			require.NoError(t, command.Start())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = command.Wait()
			}()
			select {
			case <-ended: // before it could be interrupted
				continue
			case <-time.After(after):
			}
			require.NoError(t, command.Process.Signal(syscall.SIGINT))
			asked := time.Now()
			<-ended
			assert.Less(t, time.Since(asked), 4*time.Second, "%v: 2 s, on a machine that is not busy", arguments)
		}
	}
	m.must(t, "up")
}

package e2e_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// opened is a running stack as an intruder sees it.
type opened struct {
	client *daemon.Client
	status daemon.Status
	// api and ide are a pod of each; the latter no policy holds back.
	api, ide netip.Addr
}

func open(t *testing.T, m *machine) opened {
	t.Helper()
	client, err := daemon.Connect(t.Context(), m.directory)
	require.NoError(t, err)
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	o := opened{client: client, status: status}
	for _, p := range status.Pods {
		switch {
		case !p.Ready:
		case strings.HasPrefix(p.Owner, "Deployment/"):
			o.api = netip.MustParseAddr(p.IP)
		case strings.HasPrefix(p.Name, cloudide.API+"-"):
			o.ide = netip.MustParseAddr(p.IP)
		}
	}
	require.True(t, o.api.IsValid() && o.ide.IsValid())
	return o
}

// doors are where the stack takes connections on this machine.
func (o opened) doors(t *testing.T) map[string]netip.AddrPort {
	t.Helper()
	plan, at := o.client.Record.Plan, o.status.Addresses
	all := map[string]netip.AddrPort{
		"the load balancer": plan.Edge(), "the metadata server": plan.Metadata(), "the registry": plan.Registry(),
		"KMS": plan.KMS(), "Secret Manager": plan.SecretManager(), "an API pod": netip.AddrPortFrom(o.api, 8000),
		"PostgreSQL": netip.MustParseAddrPort(at["sql"]), "Redis": netip.MustParseAddrPort(at["redis"]),
	}
	control, err := netip.ParseAddrPort(o.client.Record.Control)
	require.NoError(t, err)
	all["the daemon's control"] = control
	return all
}

// TestTwoStacksOnOneMachineDoNotReachEachOther lets pods of one stack try what they can
// against another one: its doors on the network, and its files, sockets and processes.
func TestTwoStacksOnOneMachineDoNotReachEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("brings two whole stacks up; make drills runs it")
	}
	ours, theirs := newMachine(t), newMachine(t)
	for _, m := range []*machine{ours, theirs} {
		t.Cleanup(func() { m.command(t, "down") })
		m.must(t, "up")
	}
	here, there := open(t, ours), open(t, theirs)
	if here.status.Network.Warning != "" {
		t.Skip("pods have no network of their own on this machine: ", here.status.Network.Warning)
	}
	assert.NotEqual(t, here.client.Record.Plan, there.client.Record.Plan)

	for name, door := range there.doors(t) {
		conn, err := net.DialTimeout("tcp", door.String(), 5*time.Second)
		require.NoError(t, err, "%s is no door, which proves nothing", name)
		require.NoError(t, conn.Close())
		for from, pod := range map[string]netip.Addr{"an API pod": here.api, "an IDE pod": here.ide, "a pod of another namespace": {}} {
			outcome, err := here.client.Attempt(t.Context(), daemon.AttemptRequest{From: pod, To: door, Words: "GET / HTTP/1.0\r\n\r\n"})
			assert.False(t, outcome.Connected, "%s reached %s of another stack", from, name)
			if err == nil {
				assert.NotEmpty(t, outcome.Denied)
			}
		}
	}

	target := &attack.Target{
		API: attack.Pod{IP: here.api}, Dir: theirs.directory, Daemon: there.status.PID,
		Edge: there.client.Record.Plan.Edge(), Commands: there.client.Record.Control,
		Intrude: func(ctx context.Context, pod netip.Addr, move sandbox.Move) (sandbox.Result, error) {
			return here.client.Intrude(ctx, daemon.IntrudeRequest{Pod: pod, Move: move})
		},
	}
	for _, r := range attack.Run(t.Context(), target, attack.Escapes(), func(attack.Result) {}) {
		assert.True(t, r.OK(), "%s of another stack: %s", r.Attack.Name, r.Verdict())
	}
	assert.NotContains(t, theirs.must(t, "attack"), "BREACHED", "nor does the second stack suffer from the first one")
	theirs.must(t, "down")
	ours.connect(t)
	assert.True(t, ours.servesHealth(t), "what goes with one stack is its own")
}

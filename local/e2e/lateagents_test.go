package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longEnough is more than any part of an update takes on a busy machine.
const longEnough = 10 * time.Minute

// TestOneUpIsEnoughWhenGooglesServiceAgentsComeLate brings a stack up in a project whose
// service agents are still being made, as after its APIs were enabled, and where their grants
// take a while to count. Cloud Monitoring does not know the metrics yet when the first alerts
// are made.
func TestOneUpIsEnoughWhenGooglesServiceAgentsComeLate(t *testing.T) {
	if testing.Short() {
		t.Skip("brings a whole stack up; make drills runs it")
	}
	const pods, objectives = "kubernetes:apps/v1:Deployment", "gcp:monitoring/slo:Slo"
	const keys, grants = "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "refresh") // of nothing: it starts the cloud
	m.must(t, "fail", "agents", "grants", "metrics")
	type outcome struct {
		output string
		code   int
	}
	ended := make(chan outcome, 1)
	go func() {
		output, code := m.command(t, "up")
		ended <- outcome{output, code}
	}()
	require.Eventually(t, func() bool { return m.declared(t)[keys] >= 5 }, longEnough, 200*time.Millisecond, "keys are made, and what comes next is granted")
	select {
	case early := <-ended:
		t.Fatalf("the update ended before the agents were there: %s", early.output)
	case <-time.After(20 * time.Second): // more than two attempts
	}
	assert.Less(t, m.declared(t)[grants], m.declared(t)[keys], "no agent may use its key yet")
	assert.Zero(t, m.declared(t)["gcp:sql/databaseInstance:DatabaseInstance"], "whoever uses a key waits for its grant")
	m.must(t, "heal", "agents")
	require.Eventually(t, func() bool { return m.declared(t)[grants] >= 5 }, longEnough, 200*time.Millisecond)
	select {
	case early := <-ended:
		t.Fatalf("the update ended before the grants counted: %s", early.output)
	case <-time.After(20 * time.Second):
	}
	for _, encrypted := range []string{"gcp:artifactregistry/repository:Repository", "gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:secretmanager/secret:Secret"} {
		assert.Zero(t, m.declared(t)[encrypted], encrypted)
	}
	m.must(t, "heal", "grants")
	require.Eventually(t, func() bool { return m.declared(t)[pods] > 0 }, longEnough, 200*time.Millisecond, "what writes the metrics does not wait for those that ask for them")
	select {
	case early := <-ended:
		t.Fatalf("the update ended before the metrics were known: %s", early.output)
	case <-time.After(20 * time.Second):
	}
	assert.Zero(t, m.declared(t)[objectives])
	m.must(t, "heal", "metrics")
	select {
	case end := <-ended:
		require.Zero(t, end.code, end.output)
	case <-time.After(longEnough):
		t.Fatal("the update does not end")
	}
	m.connect(t)
	assert.Contains(t, m.must(t, "up"), "0 changes", "no second update is needed")
}

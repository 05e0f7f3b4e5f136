package e2e_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// BenchmarkPreview compares the preview of the whole stack, which is up, with that
// of an empty program by the same engine, in turns. The whole command is measured
// too: it starts, finds its tools and the daemon, and opens the stack.
func BenchmarkPreview(b *testing.B) {
	m := newMachine(b)
	b.Cleanup(func() { m.command(b, "down") })
	m.must(b, "up")
	empty := emptyStack(b)
	phase := regexp.MustCompile(`previewed in [\d.]+ s \(.*preview ([\d.]+) s`)
	var stack, nothing, whole time.Duration
	for b.Loop() {
		began := time.Now()
		require.NoError(b, empty.Preview(b.Context(), func(engine.Step) {}))
		nothing += time.Since(began)

		began = time.Now()
		output := m.must(b, "preview")
		whole += time.Since(began)
		told := phase.FindStringSubmatch(output)
		require.NotNil(b, told, output)
		seconds, err := strconv.ParseFloat(told[1], 64)
		require.NoError(b, err)
		stack += time.Duration(seconds * float64(time.Second))
	}
	each := func(sum time.Duration) float64 { return sum.Seconds() / float64(b.N) }
	b.ReportMetric(each(stack), "stack-s")
	b.ReportMetric(each(nothing), "empty-s")
	b.ReportMetric(each(stack-nothing), "difference-s")
	b.ReportMetric(each(whole), "command-s")
	b.ReportMetric(0, "ns/op")
}

// emptyStack is a stack whose program declares nothing, opened and updated once.
func emptyStack(b *testing.B) *engine.Engine {
	b.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(b, err)
	command, err := toolchain.Pulumi(b.Context(), root, func(string) {})
	require.NoError(b, err)
	opened, err := engine.Open(b.Context(), engine.Options{
		Dir: b.TempDir(), Command: command, Program: func(*pulumi.Context) error { return nil }, Settings: []byte("config: {}\n"),
	})
	require.NoError(b, err)
	_, err = opened.Up(b.Context(), func(engine.Step) {})
	require.NoError(b, err)
	return opened
}

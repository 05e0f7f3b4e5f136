package page_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
)

// TestAxeFindsNothing runs axe-core (https://github.com/dequelabs/axe-core) over the
// page in both colour schemes, at two widths, with a request open and with a fault.
// `make axe` installs it and names its file in AXE.
func TestAxeFindsNothing(t *testing.T) {
	file := os.Getenv("AXE")
	if file == "" {
		t.Skip("AXE names no axe.min.js: 'make axe' installs it and runs this test")
	}
	script, err := os.ReadFile(file)
	require.NoError(t, err)
	w := newFixture()
	server := serve(t, w)
	b := openBrowser(t)
	b.call(nil, "Page.setBypassCSP", map[string]any{"enabled": true}) // for axe, which is not the page's
	check := func(state string) {
		t.Helper()
		b.run(nil, string(script)+"; undefined")
		var found []struct {
			ID, Help string
			Nodes    []struct{ HTML, FailureSummary string }
		}
		b.run(&found, "axe.run({resultTypes: ['violations']}).then((r) => r.violations)")
		for _, violation := range found {
			assert.Fail(t, violation.ID+": "+violation.Help, "%s: %+v", state, violation.Nodes)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{390, 1280} {
			state := fmt.Sprintf("%d px, %s", width, scheme)
			b.visit(server.URL, width, scheme)
			b.until(liveNow)
			b.run(nil, "document.querySelectorAll('details').forEach((d) => { d.open = true; })")
			check(state)
			w.becomes(func(s *page.State) {
				s.Conditions = []page.Condition{{Kind: page.Fault, Text: "redis is made to fail", Next: "go run ./local heal redis"}}
				s.Alerts = []page.Alert{{Name: "RedisMemoryHigh", Severity: "warning", Summary: "it is full", Firing: true, Playbook: "redis-memory-high.md"}}
			})
			b.visit(server.URL+"/?request=2", width, scheme)
			b.until(liveNow + " && document.querySelector('#detail').open")
			check(state + ", a request open, a fault")
			b.visit(server.URL+"/playbooks/redis-memory-high.md", width, scheme)
			check(state + ", a playbook")
			w.becomes(func(s *page.State) { s.Conditions, s.Alerts = nil, []page.Alert{} })
		}
	}
}

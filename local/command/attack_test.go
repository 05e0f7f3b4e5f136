package command

import (
	"bytes"
	"context"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

// A failed command ends with exit code 1.
func TestABreachFailsTheCommandAndIsShown(t *testing.T) {
	t.Parallel()
	moves := attack.Moves()[:2]
	for name, c := range map[string]struct {
		outcome dataplane.Outcome
		failed  string
		shown   string
	}{
		"held":     {dataplane.Outcome{Denied: "NetworkPolicy: the missing rule"}, "", "held"},
		"breached": {dataplane.Outcome{Connected: true}, "2 of 2 attacks did not end as they have to", "BREACHED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			a := &app{out: newPrinter(&out, &out)}
			target := &attack.Target{Inside: func(context.Context, netip.Addr, netip.AddrPort, string) (dataplane.Outcome, error) {
				return c.outcome, nil
			}}
			err := a.report(t.Context(), target, moves)
			if c.failed == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.failed)
			}
			assert.Contains(t, out.String(), c.shown)
			assert.Contains(t, out.String(), moves[0].Name)
		})
	}
}

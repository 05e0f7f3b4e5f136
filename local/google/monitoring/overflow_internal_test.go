package monitoring

import (
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
)

func TestWhatIsTooMuchIsToldForAWhileAndByItsOwnName(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m, err := Open(Options{Dir: t.TempDir(), Store: store.New(), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	assert.Empty(t, m.Status(t.Context()).Problems)
	for range maxEntries + 7 { // nobody evaluates them: it does not run
		m.Entry(map[string]any{})
	}
	problems := m.Status(t.Context()).Problems
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "7 log entries came too fast and were not evaluated, the last at ")

	now = now.Add(toldFor)
	assert.Empty(t, m.Status(t.Context()).Problems, "it is true no longer")
	m.Entry(map[string]any{})
	assert.Contains(t, m.Status(t.Context()).Problems[0], "1 log entries", "it begins anew")

	rule := logRule{about: about{name: "KeyDestroyed"}, fields: map[string][]string{"resource": {"resource"}}, closes: time.Hour}
	for i := range maxLogIncidents + 3 {
		m.matchedEntry(rule, map[string]any{"resource": strconv.Itoa(i)})
	}
	problems = m.Status(t.Context()).Problems
	require.Len(t, problems, 2)
	assert.Contains(t, problems[1], "500 alerts over log entries are open, which is the most; 3 entries more were not told, the last at ")
}

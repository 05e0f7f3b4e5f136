package alerts

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
)

// evaluation is how often Cloud Monitoring evaluates an alert, as the alert
// policies say it.
const evaluation = 30 * time.Second

// license is what the series below are about.
var license = alert.Subject{
	Workload: alert.Workload{Namespace: "coditect-app", Job: "license-api"}, Host: "licenses.coditect.ai",
	SecurityPolicy: "license-api-security-policy", Redis: "license-redis", KeyRing: "coditect-license-keys", Secrets: []string{"license-redis-auth", "license-migration-password"},
}

// expressed are the alerts over metrics; those over log entries are tested where
// they are.
func expressed() []alert.Alert {
	return slices.DeleteFunc(alert.All(license, alert.Thresholds{}), func(a alert.Alert) bool { return a.Expression == "" })
}

// states are an alert's at every evaluation over series that begin at zero.
func states(t *testing.T, a alert.Alert, series string, until time.Duration) map[time.Duration]rules.AlertState {
	t.Helper()
	step := "load 30s"
	if strings.Contains(series, "googleapis_com:") {
		step = "load 1m" // Google samples its own metrics once a minute
	}
	storage := promqltest.LoadedStorage(t, step+series)
	engine := promqltest.NewTestEngine(t, false, 0, 1_000_000)
	expression, err := parser.NewParser(parser.Options{}).ParseExpr(a.Expression)
	require.NoError(t, err, a.Expression)
	rule := rules.NewAlertingRule(a.Name, expression, a.For, 0, labels.EmptyLabels(), labels.EmptyLabels(), labels.EmptyLabels(), "",
		true, slog.New(slog.DiscardHandler))
	query := rules.EngineQueryFunc(engine, storage)
	found := map[time.Duration]rules.AlertState{}
	for at := time.Duration(0); at <= until; at += evaluation {
		now := time.Unix(0, 0).Add(at)
		_, err := rule.Eval(context.Background(), 0, now, query, nil, 0)
		require.NoError(t, err)
		rule.SetEvaluationTimestamp(now)
		found[at] = rule.State()
	}
	return found
}

// both are two tables in one.
func both[V any](a, b map[string]V) map[string]V {
	maps.Copy(a, b)
	return a
}

// first is when a state is reached for the first time.
func first(found map[time.Duration]rules.AlertState, state rules.AlertState) (time.Duration, bool) {
	for at := time.Duration(0); at <= time.Duration(len(found))*evaluation; at += evaluation {
		if got, evaluated := found[at]; evaluated && got == state {
			return at, true
		}
	}
	return 0, false
}

func TestAnAlertFiresOverTheSeriesOfItsIncidentAndNotBefore(t *testing.T) {
	t.Parallel()
	for _, a := range expressed() {
		cases := both(incidents(), incidentsAtGoogle())[a.Name]
		require.NotEmpty(t, cases, "%s has no series that it fires over", a.Name)
		for name, series := range cases {
			t.Run(a.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				found := states(t, a, series, 30*time.Minute)
				pending, ever := first(found, rules.StatePending)
				require.True(t, ever, "the expression never holds")
				firing, ever := first(found, rules.StateFiring)
				require.True(t, ever, "it never fires")
				assert.Equal(t, a.For, firing-pending, "it fires when the expression has held for its whole time, not before and not later")
			})
		}
	}
}

func TestAnAlertIsSilentOverEverythingElse(t *testing.T) {
	t.Parallel()
	for _, a := range expressed() {
		cases := both(ordinary(), ordinaryAtGoogle())[a.Name]
		require.GreaterOrEqual(t, len(cases), 2, "%s needs an ordinary day and one that comes close", a.Name)
		for name, series := range cases {
			t.Run(a.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				at, fires := first(states(t, a, series, 30*time.Minute), rules.StateFiring)
				assert.False(t, fires, "it fires after %s", at)
			})
		}
	}
}

func TestAnAlertEndsWithItsIncident(t *testing.T) {
	t.Parallel()
	for _, a := range expressed() {
		series, given := both(ended(), endedAtGoogle())[a.Name]
		require.True(t, given, "%s has no series in which the incident ends", a.Name)
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			found := states(t, a, series, 45*time.Minute)
			assert.Equal(t, rules.StateFiring, found[20*time.Minute])
			assert.Equal(t, rules.StateInactive, found[45*time.Minute])
		})
	}
}

func TestNoSeriesBelongToAnAlertThatIsNotThere(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, a := range expressed() {
		names[a.Name] = true
	}
	for _, table := range []map[string]map[string]string{both(incidents(), incidentsAtGoogle()), both(ordinary(), ordinaryAtGoogle())} {
		for name := range table {
			assert.True(t, names[name], "%s is no alert", name)
		}
	}
}

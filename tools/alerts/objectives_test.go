package alerts

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/objective"
)

const (
	hour = time.Hour
	day  = 24 * hour
	// before is how long all was well when a story begins.
	before = 3 * day
)

// promises are those of the default settings: 99.5 % of the requests without a
// server error and 99 % within a second, in 28 days.
func promises() (availability, latency objective.Objective) {
	all := objective.All(objective.Backend{Namespace: "coditect-app", Service: "license-api", Port: 80}, objective.Settings{})
	return all[0], all[1]
}

// fires are the times at which an expression returns something over series,
// since the story began.
func fires(t *testing.T, expression, series string, until, step time.Duration) []time.Duration {
	t.Helper()
	storage := promqltest.LoadedStorage(t, "load 1m"+series)
	engine := promqltest.NewTestEngine(t, false, 0, 50_000_000)
	start := time.Unix(0, 0).Add(before)
	query, err := engine.NewRangeQuery(context.Background(), storage, nil, expression, start, start.Add(until), step)
	require.NoError(t, err, expression)
	defer query.Close()
	result := query.Exec(context.Background())
	require.NoError(t, result.Err)
	var found []time.Duration
	for _, s := range result.Value.(promql.Matrix) {
		for _, point := range s.Floats {
			found = append(found, time.UnixMilli(point.T).Sub(start))
		}
	}
	return found
}

// story is what happens to clients, and after how long each window says so; a
// window that is left out must stay silent.
type story struct {
	happens []traffic
	within  map[string]time.Duration
	// latency asks the objective of the latency, not of the availability.
	latency bool
}

func stories() map[string]story {
	return map[string]story{
		"everything fails": {
			happens: []traffic{{lasts: hour, failed: 600}},
			within:  map[string]time.Duration{"Fast": 6 * time.Minute, "Steady": 12 * time.Minute, "Slow": 22 * time.Minute},
		},
		"one in ten fails": {
			happens: []traffic{{lasts: 3 * hour, good: 540, failed: 60}},
			within:  map[string]time.Duration{"Fast": 45 * time.Minute, "Steady": 105 * time.Minute},
		},
		"one in twenty fails": {
			happens: []traffic{{lasts: 5 * hour, good: 570, failed: 30}},
			within:  map[string]time.Duration{"Steady": 210 * time.Minute},
		},
		"one in a hundred fails": {
			happens: []traffic{{lasts: 4 * day, good: 594, failed: 6}},
			within:  map[string]time.Duration{"Slow": 35 * hour},
		},
		"a little less than the budget fails": {
			happens: []traffic{{lasts: 5 * day, good: 597.3, failed: 2.7}},
		},
		"three minutes of outage on an ordinary day": {
			happens: []traffic{{lasts: 2 * day, good: 600}, {lasts: 3 * time.Minute, failed: 600}, {lasts: 4 * hour, good: 600}},
		},
		"a flood of refusals is no failure": {
			happens: []traffic{{lasts: 8 * hour, good: 600, refused: 600_000}},
		},
		"a flood of refusals hides no failure": {
			happens: []traffic{{lasts: hour, good: 540, failed: 60, refused: 600_000}},
			within:  map[string]time.Duration{"Fast": 42 * time.Minute},
		},
		"nobody calls": {
			happens: []traffic{{lasts: 8 * hour}},
		},
		"everything is slow": {
			latency: true,
			happens: []traffic{{lasts: hour, good: 600, slow: 600}},
			within:  map[string]time.Duration{"Fast": 10 * time.Minute, "Steady": 22 * time.Minute, "Slow": 43 * time.Minute},
		},
		"one in ten is slow": {
			latency: true,
			happens: []traffic{{lasts: 5 * hour, good: 600, slow: 60}},
			within:  map[string]time.Duration{"Steady": 210 * time.Minute},
		},
		"as many are slow as may be": {
			latency: true,
			happens: []traffic{{lasts: 5 * day, good: 600, slow: 5.4}},
		},
		"what fails fast is not slow": {
			latency: true,
			happens: []traffic{{lasts: 8 * hour, good: 300, failed: 300}},
		},
	}
}

func TestABudgetThatIsSpentTooFastIsToldInTimeAndNoOther(t *testing.T) {
	t.Parallel()
	availability, latency := promises()
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promise, step, until := availability, time.Minute, time.Duration(0)
			if s.latency {
				promise = latency
			}
			for _, happening := range s.happens {
				until += happening.lasts
			}
			switch {
			case until > day:
				step = 30 * time.Minute
			case until > 2*hour:
				step = 5 * time.Minute
			}
			series := loadBalancer(ours, append([]traffic{{lasts: before, good: 600}}, s.happens...)...)
			for _, window := range objective.Windows() {
				found := fires(t, promise.Expression(window), series, until-time.Minute, step)
				limit, must := s.within[window.Name]
				if !must {
					assert.Empty(t, found, "%s is silent", window.Name)
					continue
				}
				if assert.NotEmpty(t, found, "%s fires", window.Name) {
					assert.LessOrEqual(t, found[0], limit, "%s fires in time", window.Name)
					assert.Greater(t, found[0], limit/2, "%s does not fire at once", window.Name)
				}
			}
		})
	}
}

func TestAnAlertEndsSoonAfterTheOutageAlthoughItsLongWindowRemembersIt(t *testing.T) {
	t.Parallel()
	promise, _ := promises()
	series := loadBalancer(ours, traffic{lasts: before, good: 600}, traffic{lasts: 20 * time.Minute, failed: 600}, traffic{lasts: 2 * hour, good: 600})
	found := fires(t, promise.Expression(objective.Windows()[0]), series, 2*hour, time.Minute)
	require.NotEmpty(t, found)
	assert.LessOrEqual(t, found[len(found)-1], 26*time.Minute)
	assert.Greater(t, found[len(found)-1], 20*time.Minute)
}

func TestAnotherBackendsFailuresAreNotOurs(t *testing.T) {
	t.Parallel()
	promise, _ := promises()
	series := loadBalancer(ours, traffic{lasts: before + 2*hour, good: 600})
	for _, other := range []string{"k8s1-1c1a1b2d-coditect-app-coditect-api-v2-80-8f0a1b2c", "k8s1-1c1a1b2d-coditect-app-license-staff-80-8f0a1b2c"} {
		series += loadBalancer(other, traffic{lasts: before, good: 600}, traffic{lasts: 2 * hour, failed: 600})
	}
	for _, window := range objective.Windows() {
		assert.Empty(t, fires(t, promise.Expression(window), series, 2*hour, time.Minute), window.Name)
	}
}

package alerts

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
)

// exported are the names of the metrics that the API's own handler serves, each
// with the names of its labels.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	m := metrics.New()
	// A pool connects when it is asked for a connection, which nobody does here.
	pool, err := pgxpool.New(context.Background(), "postgres://nobody@127.0.0.1:1/nothing")
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	m.Pool(pool)
	// A metric with labels is served once something was counted.
	m.Started()("acquire", http.MethodPost, http.StatusUnauthorized, time.Millisecond)
	m.Dependency("kms")("sign", time.Millisecond, errors.New("no"))
	m.Full(app.Fullness{Fullest: []app.Filled{{Ref: app.LicenseRef{Tenant: "acme", License: "ide"}, InUse: 1, Seats: 2}}})

	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, recorder.Code)
	text := expfmt.NewTextParser(model.LegacyValidation)
	families, err := text.TextToMetricFamilies(recorder.Body)
	require.NoError(t, err)
	found := map[string]map[string]bool{}
	for name, family := range families {
		names := map[string]bool{}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				names[label.GetName()] = true
			}
		}
		for _, full := range []string{name, name + "_count", name + "_sum", name + "_bucket"} {
			found[full] = names
		}
	}
	return found
}

func TestEveryMetricOfAnAlertIsOneThatTheAPIOrGoogleExports(t *testing.T) {
	t.Parallel()
	known := both(exported(t), writtenByGoogle())
	// What managed Prometheus adds to every sample that it collects.
	added := map[string]bool{"__name__": true, "namespace": true, "job": true, "pod": true, "container": true, "cluster": true, "location": true}
	for _, a := range expressed() {
		expression, err := parser.NewParser(parser.Options{}).ParseExpr(a.Expression)
		require.NoError(t, err, a.Name)
		selectors := 0
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			selectors++
			names, there := known[selector.Name]
			if !assert.True(t, there, "%s reads %s, which neither the API nor Google exports", a.Name, selector.Name) {
				return nil
			}
			for _, matcher := range selector.LabelMatchers {
				assert.True(t, names[matcher.Name] || added[matcher.Name] && !strings.Contains(selector.Name, ":"), "%s selects %s by %s, which it does not have", a.Name, selector.Name, matcher.Name)
			}
			return nil
		})
		assert.NotZero(t, selectors, a.Name)
	}
}

package page_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/page"
)

// read gets JSON.
func read(t *testing.T, url string, into any) {
	t.Helper()
	response, body := get(t, url, "127.0.0.1")
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.NoError(t, json.Unmarshal([]byte(body), into), body)
}

// listed is the answer of /api/requests.
type listed struct {
	Rows []struct {
		Seq                               uint64
		ID, Method, Status, Outcome, Said string
		Way, Took                         string
	}
	Matched, Stored int
	More            bool
}

func TestRequestsAreListedByPagesAndFilters(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for i := range 250 {
		p := passed()
		p.ID = fmt.Sprint("more-", i)
		w.book.Add(p)
	}
	server := serve(t, w)
	var all listed
	read(t, server.URL+"/api/requests", &all)
	assert.Len(t, all.Rows, 100)
	assert.Equal(t, 252, all.Matched)
	assert.True(t, all.More)
	assert.Equal(t, "more-249", all.Rows[0].ID)

	var last listed
	read(t, fmt.Sprintf("%s/api/requests?limit=1000&before=%d", server.URL, all.Rows[99].Seq), &last)
	assert.Len(t, last.Rows, 152)
	assert.False(t, last.More)

	var refused listed
	read(t, server.URL+"/api/requests?outcome=stopped&text=xss&status=4xx&method=GET&layer=1", &refused)
	require.Len(t, refused.Rows, 1)
	assert.Equal(t, "2", refused.Rows[0].ID)
	assert.Equal(t, "s-----p", refused.Rows[0].Way)
	assert.Equal(t, "1.9 ms", refused.Rows[0].Took)
	assert.Equal(t, "refused by waf-xss (3100): owasp-crs-v042200-id941100-xss", refused.Rows[0].Said)
}

func TestAQueryThatCannotBeReadIsTheCallersMistake(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture())
	for query, want := range map[string]string{
		"limit=0": "1 to 1000", "limit=1001": "1 to 1000", "limit=x": "1 to 1000", "before=-1": "not a seq", "layer=8": "1 to 7",
	} {
		response, body := get(t, server.URL+"/api/requests?"+query, "127.0.0.1")
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, query)
		assert.Contains(t, body, want, query)
	}
	response, _ := get(t, server.URL+"/events?layer=8", "127.0.0.1")
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	response, body := get(t, server.URL+"/api/requests/nobody", "127.0.0.1")
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Contains(t, body, "no request with this id is kept")
}

func TestOneRequestIsToldAcrossTheLayersWithItsLog(t *testing.T) {
	t.Parallel()
	var d struct {
		Verdict, Client, Region string
		StoppedBy               int
		Way                     []struct{ Name, Outcome, Why string }
		Log                     []page.Line
	}
	read(t, serve(t, newFixture()).URL+"/api/requests/2", &d)
	assert.Equal(t, "stopped by layer 1, Cloud Armor", d.Verdict)
	assert.Equal(t, 1, d.StoppedBy)
	require.Len(t, d.Way, 7)
	assert.Equal(t, "stopped", d.Way[0].Outcome)
	assert.Equal(t, "not reached", d.Way[3].Why)
	require.Len(t, d.Log, 1)
	assert.Equal(t, "load balancer", d.Log[0].Source)
}

func TestTheDataSaysNothingRatherThanSomethingFalse(t *testing.T) {
	t.Parallel()
	w := newFixture()
	server := serve(t, w)
	var seats struct {
		Licenses []map[string]any
	}
	read(t, server.URL+"/api/seats", &seats)
	assert.EqualValues(t, 3, seats.Licenses[0]["inUse"])
	assert.Nil(t, seats.Licenses[1]["inUse"])
	assert.NotEmpty(t, seats.Licenses[1]["why"])

	var figures struct {
		Total   struct{ All, Passed int }
		Latency *struct{ P50 float64 }
		Marks   []page.Mark
	}
	read(t, server.URL+"/api/figures", &figures)
	assert.Equal(t, 2, figures.Total.All)
	require.NotNil(t, figures.Latency)
	assert.InEpsilon(t, 31.2, figures.Latency.P50, 0.03)
	assert.Len(t, figures.Marks, 1)

	var state struct {
		Banner struct{ Level, Title string }
		Layers []page.Layer
	}
	read(t, server.URL+"/api/state", &state)
	assert.Equal(t, "good", state.Banner.Level)
	assert.Len(t, state.Layers, 7)

	var topology page.Topology
	read(t, server.URL+"/api/topology", &topology)
	assert.Equal(t, w.topology.Edges, topology.Edges)
	var audit page.Audit
	read(t, server.URL+"/api/audit", &audit)
	assert.Len(t, audit.Entries, 5)
}

package requestlog_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// clock is a time that the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newBook(capacity int) (*requestlog.Book, *clock) {
	c := &clock{time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC)}
	return requestlog.NewBook(capacity, c.now), c
}

func request(number int, change func(*requestlog.Passage)) requestlog.Passage {
	p := requestlog.Passage{
		ID: fmt.Sprint("id-", number), Method: "GET", Host: "licenses.coditect.ai", Path: "/health", Status: 200, Latency: "0.010000s",
		Client: "203.0.113.9", Steps: []requestlog.Step{{Layer: layer.CloudArmor, Outcome: requestlog.Passed, Why: "let through by default (10000)"}},
	}
	change(&p)
	return p
}

func stopBy(number, status int) func(*requestlog.Passage) {
	return func(p *requestlog.Passage) {
		p.StoppedBy, p.Status, p.Rule = number, status, "waf-sqli (3000)"
		p.Steps = []requestlog.Step{{Layer: number, Outcome: requestlog.Stopped, Why: "refused by waf-sqli (3000)"}}
	}
}

func same(*requestlog.Passage) {}

func TestABookKeepsTheLatestRequestsAndCountsAll(t *testing.T) {
	t.Parallel()
	b, _ := newBook(3)
	for i := range 5 {
		b.Add(request(i, same))
	}
	found := b.Search(requestlog.Filter{}, 0, 10)
	ids := []string{}
	for _, k := range found.Requests {
		ids = append(ids, k.ID)
	}
	assert.Equal(t, []string{"id-4", "id-3", "id-2"}, ids)
	assert.Equal(t, 3, found.Stored)
	assert.EqualValues(t, 5, found.Newest)
	assert.Equal(t, 5, b.Figures().Total.All)
	_, kept := b.Find("id-2")
	assert.True(t, kept)
	_, kept = b.Find("id-1")
	assert.False(t, kept, "it was pushed out")

	older := b.Search(requestlog.Filter{}, found.Requests[0].Seq, 1)
	assert.Equal(t, "id-3", older.Requests[0].ID)
	assert.Equal(t, 3, older.Matched, "the total does not depend on the page")
}

func TestWhatClientsWriteTakesBoundedMemoryAndShowsNoSecret(t *testing.T) {
	t.Parallel()
	b, _ := newBook(1)
	b.Add(request(1, func(p *requestlog.Passage) {
		p.Path = "/v1?access_token=abc&q=1&" + strings.Repeat("ä", 9000)
		p.Method, p.Host = strings.Repeat("M", 9000), strings.Repeat("h", 9000)
		p.Steps = []requestlog.Step{{Layer: 1, Why: strings.Repeat("w", 9000)}}
	}))
	k, _ := b.Find("id-1")
	assert.Less(t, len(k.Path)+len(k.Method)+len(k.Host)+len(k.Steps[0].Why), 2000)
	assert.True(t, strings.HasPrefix(k.Path, "/v1?access_token=[hidden]&q=1&ää"), k.Path[:60])
	assert.True(t, strings.HasSuffix(k.Path, "ä…"))
	assert.Zero(t, b.Search(filter(t, "text=abc"), 0, 1).Matched, "nor does a search find it")
}

func TestSecretsInAddressesAreHidden(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/health?id=1":                 "/health?id=1",
		"/v1?token=abc&x=2":            "/v1?token=[hidden]&x=2",
		"/v1?PASSWORD=a&apiKey=b":      "/v1?PASSWORD=[hidden]&apiKey=[hidden]",
		"/v1?token=":                   "/v1?token=",
		"/a/eyJhbGciOiJSUzI1.e30.c2ln": "/a/[hidden]",
		"/v1?q=eyJhbGciOiJSUzI1NiJ9":   "/v1?q=[hidden]",
		"/v1?keyboard=de&monkey=1":     "/v1?keyboard=de&monkey=1",
		"/?q=1'+OR+'1'='1":             "/?q=1'+OR+'1'='1",
	} {
		assert.Equal(t, want, requestlog.Redact(path), path)
	}
}

func filter(t *testing.T, query string) requestlog.Filter {
	t.Helper()
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	f, err := requestlog.ParseFilter(values)
	require.NoError(t, err, query)
	return f
}

func TestASearchFindsWhatFitsEveryConditionGiven(t *testing.T) {
	t.Parallel()
	b, _ := newBook(10)
	b.Add(request(1, same))
	b.Add(request(2, stopBy(layer.CloudArmor, 403)))
	b.Add(request(3, func(p *requestlog.Passage) { stopBy(layer.Data, 409)(p); p.Method = "POST" }))
	b.Add(request(4, func(p *requestlog.Passage) { p.HungUp, p.Status = true, 0 }))
	for query, want := range map[string][]string{
		"":                              {"id-4", "id-3", "id-2", "id-1"},
		"text=SQLI":                     {"id-3", "id-2"},
		"text=sqli+health":              {"id-3", "id-2"},
		"text=sqli+nowhere":             {},
		"text=id-1":                     {"id-1"},
		"layer=6":                       {"id-3"},
		"outcome=stopped":               {"id-3", "id-2"},
		"outcome=passed":                {"id-1"},
		"outcome=left":                  {"id-4"},
		"status=4xx":                    {"id-3", "id-2"},
		"status=403":                    {"id-2"},
		"status=0":                      {"id-4"},
		"method=post":                   {"id-3"},
		"status=4xx&method=get":         {"id-2"},
		"outcome=stopped&layer=4":       {},
		"text=&layer=&outcome=&status=": {"id-4", "id-3", "id-2", "id-1"},
	} {
		found := b.Search(filter(t, query), 0, 10)
		ids := []string{}
		for _, k := range found.Requests {
			ids = append(ids, k.ID)
		}
		assert.Equal(t, want, ids, query)
		assert.Equal(t, len(want), found.Matched, query)
	}
}

func TestAFilterThatCannotBeReadSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"layer=8":                           "1 to 7",
		"layer=x":                           "1 to 7",
		"outcome=denied":                    "passed, stopped or left",
		"status=9xx":                        "a class such as 4xx",
		"status=40":                         "three digits",
		"text=" + strings.Repeat("a", 201):  "longer than 200",
		"method=" + strings.Repeat("a", 40): "longer than 32",
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = requestlog.ParseFilter(values)
		assert.ErrorContains(t, err, want, query)
	}
}

func TestFiguresTellTheTotalAndTheLatestMinutes(t *testing.T) {
	t.Parallel()
	b, c := newBook(10)
	b.Add(request(1, stopBy(layer.CloudArmor, 403)))
	c.at = c.at.Add(10 * time.Minute)
	for i := range 100 {
		b.Add(request(i, func(p *requestlog.Passage) { p.Latency = fmt.Sprintf("%.6fs", float64(i+1)/1000) }))
	}
	b.Add(request(7, stopBy(layer.Ingress, 404)))
	f := b.Figures()
	assert.Equal(t, 102, f.Total.All)
	assert.Equal(t, 101, f.Lately.All, "what is ten minutes ago is not lately")
	assert.Equal(t, 100, f.Lately.Passed)
	assert.Equal(t, [7]int{0, 0, 1, 0, 0, 0, 0}, f.Lately.Stopped)
	assert.Equal(t, [7]int{1, 0, 1, 0, 0, 0, 0}, f.Total.Stopped)
	assert.InDelta(t, 300, f.Seconds, 15)
	require.NotNil(t, f.Latency)
	assert.Equal(t, 100, f.Latency.Of, "the load balancer's own answer is not a pod's")
	assert.InEpsilon(t, 50, f.Latency.P50, 0.03)
	assert.InEpsilon(t, 95, f.Latency.P95, 0.03)
	assert.InEpsilon(t, 99, f.Latency.P99, 0.03)
	assert.Len(t, f.Columns, 2)

	c.at = c.at.Add(time.Hour)
	f = b.Figures()
	assert.Empty(t, f.Columns)
	assert.Nil(t, f.Latency, "nothing is said of what was not measured")
	assert.Equal(t, 102, f.Total.All)
}

func TestRatesOfAYoungBookAreOverItsWholeLife(t *testing.T) {
	t.Parallel()
	b, c := newBook(10)
	c.at = c.at.Add(20 * time.Second)
	assert.InDelta(t, 20, b.Figures().Seconds, 0.1)
}

func TestAWatcherIsToldUntilItLeaves(t *testing.T) {
	t.Parallel()
	b, _ := newBook(10)
	var told []uint64
	unwatch := b.Watch(func(k requestlog.Kept) { told = append(told, k.Seq) })
	b.Add(request(1, same))
	unwatch()
	b.Add(request(2, same))
	assert.Equal(t, []uint64{1}, told)
}

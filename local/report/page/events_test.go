package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/report/page"
)

// reader is somebody who listens to the events.
type reader struct {
	t      *testing.T
	events chan [2]string
	leave  context.CancelFunc
}

func listen(t *testing.T, url string) *reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	r := &reader{t: t, events: make(chan [2]string, 1000), leave: cancel}
	go func() {
		defer response.Body.Close()
		name := ""
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if found, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = found
			}
			if content, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				r.events <- [2]string{name, content}
			}
		}
	}()
	return r
}

// next is the next event of a name.
func (r *reader) next(name string, into any) {
	r.t.Helper()
	for {
		if event := await.Receive(r.t, r.events); event[0] == name {
			require.NoError(r.t, json.Unmarshal([]byte(event[1]), into))
			return
		}
	}
}

func TestAReaderIsToldOfEveryPartOfThePageAtTheBeginning(t *testing.T) {
	t.Parallel()
	r := listen(t, serve(t, newFixture()).URL+"/events")
	told := map[string]bool{}
	for len(told) < 6 {
		told[await.Receive(t, r.events)[0]] = true
	}
	assert.Equal(t, map[string]bool{"version": true, "state": true, "topology": true, "figures": true, "seats": true, "audit": true}, told)
}

func TestAReaderIsToldOfTheRequestsThatFitItsFilter(t *testing.T) {
	t.Parallel()
	w := newFixture()
	r := listen(t, serve(t, w).URL+"/events?outcome=stopped")
	r.next("version", new(string))
	w.book.Add(passed())
	w.book.Add(stopped())
	var batch struct {
		Rows                    []struct{ Outcome string }
		Missed, Matched, Stored int
	}
	for len(batch.Rows) == 0 { // the one that does not fit may come in a batch of its own
		r.next("requests", &batch)
	}
	require.Len(t, batch.Rows, 1)
	assert.Equal(t, "stopped", batch.Rows[0].Outcome)
	assert.Equal(t, 2, batch.Matched)
	assert.Equal(t, 4, batch.Stored)
}

func TestOfAFloodTheLatestAreToldAndHowManyWereLeftOut(t *testing.T) {
	t.Parallel()
	w := newFixture()
	r := listen(t, serve(t, w).URL+"/events")
	r.next("version", new(string))
	for range 20_000 {
		w.book.Add(passed())
	}
	told := 0
	for told < 20_000 {
		var batch struct {
			Rows   []struct{ Seq uint64 }
			Missed int
		}
		r.next("requests", &batch)
		require.LessOrEqual(t, len(batch.Rows), 250)
		for i := 1; i < len(batch.Rows); i++ {
			require.Equal(t, batch.Rows[i-1].Seq, batch.Rows[i].Seq+1, "the newest first, without a gap")
		}
		told += len(batch.Rows) + batch.Missed
	}
	assert.Equal(t, 20_000, told)
}

func TestAChangeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture()
	r := listen(t, serve(t, w).URL+"/events")
	var state struct{ Banner struct{ Title string } }
	r.next("state", &state)
	assert.Equal(t, "Everything is as declared", state.Banner.Title)
	w.becomes(func(s *page.State) {
		s.Conditions = []page.Condition{{Kind: page.Fault, Text: "redis is made to fail"}}
	})
	r.next("state", &state)
	assert.Equal(t, "1 part is made to fail", state.Banner.Title)
}

func TestReadersAreBoundedAndThoseWhoLeaveAreForgotten(t *testing.T) {
	t.Parallel()
	w := newFixture()
	server := serve(t, w)
	var all []*reader
	for range 16 {
		all = append(all, listen(t, server.URL+"/events"))
	}
	response, body := get(t, server.URL+"/events", "127.0.0.1")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body, "16 pages are open already")
	for _, r := range all {
		r.leave()
	}
	await.True(t, func() bool { return w.readers() == 0 })
	listen(t, server.URL+"/events")
}

func TestSeatsThatCannotBeReadAnyMoreDoNotStayAsTheyWere(t *testing.T) {
	t.Parallel()
	w := newFixture()
	r := listen(t, serve(t, w).URL+"/events")
	var seats page.Seats
	r.next("seats", &seats)
	require.Len(t, seats.Licenses, 2)
	w.deaf.Store(true)
	seats = page.Seats{}
	r.next("seats", &seats)
	assert.Equal(t, "PostgreSQL does not answer", seats.Why)
	assert.Empty(t, seats.Licenses)
}

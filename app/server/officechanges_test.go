package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/client/leap"
)

// office is a number of clients that hold a seat each, and the way to the instance that serves
// them.
type office struct {
	clock   *leap.Clock
	serving atomic.Pointer[string]
	// throttled answers heartbeats in place of the service.
	throttled atomic.Bool
	changes   chan client.Change
	seats     []*client.Seat
}

// RoundTrip implements http.RoundTripper.
func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/heartbeat") && o.throttled.Load() {
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Content-Type": {"text/html"}}, Body: http.NoBody, Request: r}, nil
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, *o.serving.Load())
	}
	// A connection for each request: the one before may lead to an instance that has gone.
	return (&http.Transport{DialContext: dial, DisableKeepAlives: true}).RoundTrip(r)
}

func (o *office) servedBy(api *instance) {
	address := strings.TrimPrefix(api.url, "http://")
	o.serving.Store(&address)
}

// pass lets time go by in which each seat sends a heartbeat, and waits until it has its answer.
func (o *office) pass(t *testing.T, d time.Duration) {
	t.Helper()
	untils, failures := make([]time.Time, len(o.seats)), make([]error, len(o.seats))
	for i, seat := range o.seats {
		untils[i], failures[i] = seat.Until(), seat.Failure()
	}
	moveOn(t, o.clock, len(o.seats), d)
	for i, seat := range o.seats {
		await.True(t, func() bool {
			return !seat.Until().Equal(untils[i]) || fmt.Sprintf("%p", seat.Failure()) != fmt.Sprintf("%p", failures[i])
		}, "no heartbeat of seat %d", i)
	}
}

// told waits until all are told the same: "" that the seat is back, else why it is lost.
func (o *office) told(t *testing.T, why string) {
	t.Helper()
	for range o.seats {
		change := await.Receive(t, o.changes)
		require.Equal(t, why == "", change.Held, "%v", change.Reason)
		if why != "" {
			require.ErrorContains(t, change.Reason, why)
		}
	}
}

// TestAnOfficeOfClientsKeepsItsSeatsWhateverAnAdministratorChanges holds seats through every change of
// their licence, a deployment, two throttled minutes and a suspension.
func TestAnOfficeOfClientsKeepsItsSeatsWhateverAnAdministratorChanges(t *testing.T) {
	drill(t)
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"LOG_LEVEL": "error"})
	admin := w.admin(t)
	change := func(terms string) {
		t.Helper()
		r := api.call(t, "POST", "/v1/licenses/office/update", admin, terms)
		require.Equal(t, 200, r.status, string(r.raw))
	}
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", admin,
		`{"id":"office","product":"coditect-ide","seats":50,"leaseSeconds":300,"features":["export"],"graceSeconds":3600}`).status)
	o := &office{clock: leap.New(), changes: make(chan client.Change, 1000)}
	o.servedBy(api)
	ada := w.of(t, "ada", "devs")
	o.seats = make([]*client.Seat, 50)
	var group sync.WaitGroup
	for i := range o.seats {
		group.Go(func() {
			seat, err := client.Hold(t.Context(), client.Config{
				Server: api.url, License: "office", Product: "coditect-ide", Fingerprint: fmt.Sprintf("device-%02d", i), Identity: client.Credential(ada),
				HTTP: &http.Client{Transport: o}, Clock: o.clock, Changed: func(c client.Change) { o.changes <- c }, Features: []string{"export"},
			})
			if assert.NoError(t, err) {
				o.seats[i] = seat
				t.Cleanup(seat.Leave)
			}
		})
	}
	group.Wait()
	require.False(t, t.Failed())

	const beat = 100 * time.Second
	wait := beat
	for _, changed := range []struct {
		terms string
		// beat is how often a heartbeat is sent from then on; the client waits an hour at most.
		beat time.Duration
	}{
		{`{"seats":10}`, beat},
		{`{"overage":2}`, beat},
		{`{"userSeats":1}`, beat},
		{`{"reservations":[{"group":"qa","seats":10}]}`, beat},
		{`{"features":[]}`, beat},
		{`{"requireFingerprint":true}`, beat},
		{`{"leaseSeconds":30}`, 10 * time.Second},
		{`{"leaseSeconds":86400}`, time.Hour},
		{`{"leaseSeconds":300}`, beat},
		{`{"whenFull":"take","takeIdleSeconds":60}`, beat},
		{`{"leaseGraceSeconds":60}`, beat},
		{`{"expiresAt":"` + time.Now().Add(-time.Minute).UTC().Format(time.RFC3339) + `"}`, beat},
	} {
		change(changed.terms)
		o.pass(t, wait)
		require.Empty(t, o.changes, changed.terms)
		wait = changed.beat
	}
	for _, seat := range o.seats {
		await.True(t, seat.InGrace, "the licence's own time is over")
		assert.True(t, seat.Held())
	}
	change(`{"expiresAt":"0001-01-01T00:00:00Z","features":["export"]}`)
	o.pass(t, beat)

	// A deployment, with a loss of the live seats in between.
	next := w.serve(t, map[string]string{"LOG_LEVEL": "error"})
	o.servedBy(next)
	api.stop()
	w.redis.Flush(t)
	o.pass(t, beat)
	require.Empty(t, o.changes)

	// The edge throttles twice in a row.
	o.throttled.Store(true)
	o.pass(t, beat)
	o.pass(t, 75*time.Second)
	o.throttled.Store(false)
	o.pass(t, 70*time.Second)
	require.Empty(t, o.changes, "a throttled seat is asked for before its end")

	suspend := func(status string) {
		w.postgres.Admin(t, `UPDATE licensing.tenant SET status = '`+status+`' WHERE id = '`+mine+`'`)
		require.NoError(t, w.service(t).Reap(t.Context()))
	}
	suspend("suspended")
	o.pass(t, beat)
	o.told(t, "tenant_suspended")
	suspend("active")
	moveOn(t, o.clock, len(o.seats), 75*time.Second)
	o.told(t, "")
	for _, seat := range o.seats {
		assert.True(t, seat.Held())
	}
}

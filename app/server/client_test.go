package server_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/client/leap"
	"github.com/coditect-ai/license-platform/app/verify"
)

// These tests run package client against the service itself, with everything real or
// protocol-true around it.

// seats is what a test holds seats with.
type seats struct {
	api     *instance
	clock   *leap.Clock
	changes chan client.Change
}

func newSeats(t *testing.T, api *instance) *seats {
	t.Helper()
	return &seats{api: api, clock: leap.New(), changes: make(chan client.Change, 1000)}
}

func (s *seats) config(license, device, token string) client.Config {
	return client.Config{
		Server: s.api.url, License: license, Product: "coditect-ide", Fingerprint: device, Identity: client.Credential(token),
		HTTP: &http.Client{Transport: s.api.client.Transport}, Clock: s.clock, Changed: func(c client.Change) { s.changes <- c },
	}
}

func (s *seats) hold(t *testing.T, license, device, token string) *client.Seat {
	t.Helper()
	seat, err := client.Hold(t.Context(), s.config(license, device, token))
	require.NoError(t, err)
	t.Cleanup(func() { _ = seat.Close(context.WithoutCancel(t.Context())) })
	return seat
}

// moveOn moves the clock on when so many seats sleep.
func moveOn(t *testing.T, clock *leap.Clock, seats int, by time.Duration) {
	t.Helper()
	await.True(t, func() bool { return clock.Asleep() == seats }, "not all seats sleep between two requests")
	clock.On(by)
}

// beat lets every seat of a licence of 60 seconds send its next heartbeat.
func (s *seats) beat(t *testing.T, all ...*client.Seat) {
	t.Helper()
	before := make([]time.Time, len(all))
	for i, seat := range all {
		before[i] = seat.Until()
	}
	moveOn(t, s.clock, len(all), 20*time.Second)
	for i, seat := range all {
		await.True(t, func() bool { return seat.Until().After(before[i]) }, "no heartbeat of seat %d", i)
	}
}

func TestTheClientKeepsASeatOfTheService(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	_, secret := api.credential(t, admin, "ci")
	for who, token := range map[string]string{"a person": w.google.Mint(t, apptest.Claims(mine, "ada")), "a service credential": secret} {
		s := newSeats(t, api)
		seat := s.hold(t, "demo", "laptop", token)
		require.True(t, seat.Held(), who)
		s.beat(t, seat)
		lease := seat.License().Lease

		// Taken away, while others are free: it takes another at once, and tells nobody.
		require.Equal(t, 204, api.call(t, "POST", "/v1/leases/"+lease+"/force-release", admin, "").status)
		moveOn(t, s.clock, 1, 20*time.Second)
		await.True(t, func() bool { return seat.License().Lease != lease }, who)
		assert.Empty(t, s.changes, who)

		require.NoError(t, seat.Close(t.Context()))
		status, err := client.Look(t.Context(), s.config("demo", "laptop", token))
		require.NoError(t, err)
		assert.Zero(t, status.SeatsInUse, who)
	}
}

func TestTheClientIsToldWhyTheServiceRefuses(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada := w.admin(t), w.google.Mint(t, apptest.Claims(mine, "ada"))
	id, secret := api.credential(t, admin, "ci")
	s := newSeats(t, api)
	refused := func(license, token, code string) {
		t.Helper()
		_, err := client.Hold(t.Context(), s.config(license, "x", token))
		var refusal *client.Refusal
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, code, refusal.Code)
		assert.NotEmpty(t, refusal.RequestID)
	}
	refused("big", secret, "credential_not_for_license")
	refused("none", ada, "license_not_found")

	seat := s.hold(t, "demo", "laptop", ada)
	require.Equal(t, 200, api.call(t, "POST", "/v1/licenses/demo/suspend", admin, "").status)
	moveOn(t, s.clock, 1, 20*time.Second)
	change := await.Receive(t, s.changes)
	assert.False(t, change.Held)
	assert.ErrorContains(t, change.Reason, "license_suspended")
	require.Equal(t, 200, api.call(t, "POST", "/v1/licenses/demo/reinstate", admin, "").status)
	moveOn(t, s.clock, 1, 2*time.Minute)
	assert.True(t, await.Receive(t, s.changes).Held, "it is back")
	assert.True(t, seat.Held())

	require.Equal(t, 200, api.call(t, "POST", "/v1/credentials/"+id+"/revoke", admin, "").status)
}

func TestTheClientBorrowsAndReturnsASeatOfTheService(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	s := newSeats(t, api)
	config := s.config("demo", "laptop", w.google.Mint(t, apptest.Claims(mine, "ada")))
	borrowed, err := client.Borrow(t.Context(), config, time.Hour)
	require.NoError(t, err)
	keys, err := client.Keys(t.Context(), client.Config{Server: api.url})
	require.NoError(t, err)
	license, err := verify.File(keys, borrowed.File, verify.Expected{Product: "coditect-ide", Fingerprint: "laptop"})
	require.NoError(t, err)
	assert.True(t, license.Borrowed)
	require.NoError(t, client.Return(t.Context(), config, license.Lease))
	status, err := client.Look(t.Context(), config)
	require.NoError(t, err)
	assert.Zero(t, status.SeatsInUse)
}

// TestAnOfficeOfClientsKeepsItsSeatsThroughWhatBreaks is the load of the client: all seats of
// a licence, through a store of live seats that forgets everything and a ledger that is away.
func TestAnOfficeOfClientsKeepsItsSeatsThroughWhatBreaks(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serve(t, map[string]string{"LOG_LEVEL": "error"})
	_, secret := api.credential(t, w.admin(t), "office")
	w.postgres.Admin(t, `UPDATE licensing.credential SET licenses = '{big}'`)
	s := newSeats(t, api)
	const devices = 100
	all := make([]*client.Seat, devices)
	failures := make([]error, devices)
	places := make(chan struct{}, workers)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			all[i], failures[i] = client.Hold(t.Context(), s.config("big", fmt.Sprintf("docker-%03d", i), secret))
		})
	}
	group.Wait()
	for i, err := range failures {
		require.NoError(t, err, "device %d", i)
	}
	s.beat(t, all...)
	w.redis.Flush(t)
	s.beat(t, all...)
	w.postgres.Stop(t)
	s.beat(t, all...)
	w.postgres.Start(t)
	s.beat(t, all...)
	assert.Empty(t, s.changes, "nobody lost a seat")
	leases := map[string]bool{}
	for _, seat := range all {
		assert.True(t, seat.Held())
		leases[seat.License().Lease] = true
	}
	assert.Len(t, leases, devices)
	for i, seat := range all {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			failures[i] = seat.Close(t.Context())
		})
	}
	group.Wait()
	for i, err := range failures {
		assert.NoError(t, err, "device %d", i)
	}
	status, err := client.Look(t.Context(), s.config("big", "x", secret))
	require.NoError(t, err)
	assert.Zero(t, status.SeatsInUse)
}

package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAGrantThatFindsTheLedgerLockedIsRefusedForAMomentAndNothingIsLost(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	ada, bob := w.google.Mint(t, apptest.Claims(mine, "ada")), w.google.Mint(t, apptest.Claims(mine, "bob"))
	require.Equal(t, 201, api.call(t, "POST", "/v1/licenses", w.admin(t), `{"id":"pair","product":"p","seats":2}`).status)
	kept := api.acquire(t, "pair", ada, "laptop").text("leaseId")
	require.Equal(t, 200, api.acquire(t, "pair", ada, "laptop").status, "the licence is remembered")

	holder := w.hold(t)
	_, err := holder.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, mine)
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), `SELECT FROM licensing.license WHERE id = 'pair' FOR UPDATE`)
	require.NoError(t, err)
	answers := make(chan reply, 4)
	for i := range 4 {
		go func() {
			// An error shows as an answer without a status.
			r, _ := api.try("POST", "/v1/licenses/pair/acquire", bob, fmt.Sprintf(`{"fingerprint":"desk-%d"}`, i%2))
			answers <- r
		}()
	}
	said := map[string]int{}
	for range 4 {
		r := await.Receive(t, answers)
		said[r.text("code")]++
		if r.status == 503 {
			assert.Equal(t, "5", r.header.Get("Retry-After"))
		}
	}
	assert.GreaterOrEqual(t, said["dependency_unavailable"], 1)
	assert.Equal(t, 4, said["dependency_unavailable"]+said["no_seats_available"], "the other desk's request may have the seat: %v", said)
	assert.Equal(t, 200, api.heartbeat(t, ada, kept).status, "a seat that is held is kept")
	assert.Equal(t, 200, api.call(t, "GET", "/ready", "", "").status, "one locked row is no outage")
	assert.Equal(t, 201, api.acquire(t, "demo", bob, "desk").status, "other licences are served")
	scrape, err := http.Get(api.metrics)
	require.NoError(t, err)
	defer func() { _ = scrape.Body.Close() }()
	metrics, err := io.ReadAll(scrape.Body)
	require.NoError(t, err)
	assert.Contains(t, string(metrics), `dependency_errors_total{dependency="postgres"`)
	require.NoError(t, holder.Rollback(t.Context()))

	await.True(t, func() bool { return api.acquire(t, "pair", bob, "desk-0").status/100 == 2 })
	assert.Equal(t, 409, api.acquire(t, "pair", bob, "desk-1").status, "the seat is free for one, and for one only")
	assert.Equal(t, 2, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'pair' AND ended_at IS NULL`))
	assert.EqualValues(t, 2, api.call(t, "GET", "/v1/licenses/pair", ada, "").body["seatsInUse"])
	assert.Equal(t, 200, api.heartbeat(t, ada, kept).status)
}

func TestEveryIntegerIsReadAlike(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api, admin := w.serve(t, nil), w.admin(t)
	n := 0
	create := func(field, number string) reply {
		t.Helper()
		n++
		parts := []string{fmt.Sprintf(`"id":"n-%d","product":"p"`, n), fmt.Sprintf("%q:%s", field, number)}
		if field != "seats" {
			parts = append(parts, `"seats":5`)
		}
		return api.call(t, "POST", "/v1/licenses", admin, "{"+strings.Join(parts, ",")+"}")
	}
	for field, mayBeZero := range map[string]bool{
		"seats": false, "leaseSeconds": false, "heartbeatSeconds": false, "maxBorrowSeconds": true,
		"userSeats": true, "graceSeconds": true, "leaseGraceSeconds": true, "takeIdleSeconds": true,
	} {
		for _, number := range []string{"20.0", "2e1", "200E-1", "2.00e+1"} {
			r := create(field, number)
			require.Equal(t, 201, r.status, "%s %s: %s", field, number, r.raw)
			assert.EqualValues(t, 20, r.body[field], "%s %s", field, number)
		}
		for _, number := range []string{"20.5", "1e400", "-1e400", "9007199254740993", strings.Repeat("9", 5000), "1e999999999999", `"20"`, "-1"} {
			r := create(field, number)
			assert.Equal(t, 422, r.status, "%s %.30s: %s", field, number, r.raw)
			assert.Equal(t, "validation_failed", r.text("code"))
		}
		for _, number := range []string{"-0", "-0.0", "0e5"} {
			assert.Equal(t, mayBeZero, create(field, number).status == 201, "%s %s", field, number)
		}
	}
	assert.Equal(t, 201, create("reservations", `[{"group":"devs","seats":1.0}]`).status)
	require.Equal(t, 200, api.call(t, "POST", "/v1/licenses/demo/update", admin, `{"maxBorrowSeconds":8.64e4}`).status)
	assert.Equal(t, 201, api.call(t, "POST", "/v1/licenses/demo/borrow", admin, `{"fingerprint":"laptop","durationSeconds":3.6e3}`).status)
}

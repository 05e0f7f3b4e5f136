package server_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestFiveSeatsServeFiveDevicesAndTheSixthWaitsForARelease(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))

	leases := make([]string, 5)
	for i := range leases {
		r := api.acquire(t, "demo", token, fmt.Sprintf("device-%d", i))
		require.Equal(t, 201, r.status, string(r.raw))
		leases[i] = r.text("leaseId")
		assert.NotEmpty(t, r.text("token"))
	}
	again := api.acquire(t, "demo", token, "device-0")
	assert.Equal(t, 200, again.status)
	assert.Equal(t, leases[0], again.text("leaseId"))

	sixth := api.acquire(t, "demo", token, "device-5")
	assert.Equal(t, 409, sixth.status)
	assert.Equal(t, "no_seats_available", sixth.text("code"))
	assert.EqualValues(t, 5, sixth.body["seats"])
	assert.EqualValues(t, 5, sixth.body["seatsInUse"])
	assert.NotEmpty(t, sixth.text("nextFreeAt"))
	assert.Equal(t, "application/problem+json", sixth.header.Get("Content-Type"))

	beat := api.heartbeat(t, token, leases[0])
	assert.Equal(t, 200, beat.status, string(beat.raw))
	assert.True(t, beat.time(t, "expiresAt").After(again.time(t, "expiresAt")))

	assert.Equal(t, 204, api.release(t, token, leases[0]).status)
	assert.Equal(t, 201, api.acquire(t, "demo", token, "device-5").status)
	assert.Equal(t, 410, api.heartbeat(t, token, leases[0]).status)
	assert.Equal(t, 204, api.release(t, token, leases[0]).status, "a second release is no error")
	assert.Equal(t, 5, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
}

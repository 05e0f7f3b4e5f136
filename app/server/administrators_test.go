package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// changes sends updates of the licence demo at the same time, and returns their statuses.
func (in *instance) changes(t *testing.T, admin string, bodies ...string) []int {
	t.Helper()
	statuses := make([]int, len(bodies))
	var group sync.WaitGroup
	for i, body := range bodies {
		group.Go(func() {
			r, err := in.try("POST", "/v1/licenses/demo/update", admin, body)
			assert.NoError(t, err)
			statuses[i] = r.status
		})
	}
	group.Wait()
	return statuses
}

func TestAdministratorsWhoChangeDifferentFieldsAtTheSameTimeLoseNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	statuses := api.changes(t, admin, `{"seats":7}`, `{"product":"other"}`, `{"userSeats":3}`, `{"features":["export"]}`, `{"metadata":{"order":"1"}}`, `{"takeIdleSeconds":30}`)
	assert.Equal(t, []int{200, 200, 200, 200, 200, 200}, statuses)
	now := api.call(t, "GET", "/v1/licenses/demo", admin, "").body
	for field, want := range map[string]any{
		"seats": 7.0, "product": "other", "userSeats": 3.0, "features": []any{"export"}, "metadata": map[string]any{"order": "1"}, "takeIdleSeconds": 30.0,
	} {
		assert.Equal(t, want, now[field], field)
	}
}

func TestAnUpdateOfALicenceThatSomebodyElseHasChangedSinceIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	created := api.call(t, "POST", "/v1/licenses", admin, `{"id":"new","product":"p","seats":9}`)
	require.Contains(t, created.body, "revision", "the first one too")
	update := func(revision any, groups string) reply {
		return api.call(t, "POST", "/v1/licenses/new/update", admin, fmt.Sprintf(`{"revision":%v,"reservations":[%s]}`, revision, groups))
	}
	const devs, qa = `{"group":"devs","seats":1}`, `{"group":"qa","seats":1}`
	first := update(created.body["revision"], devs)
	require.Equal(t, 200, first.status, string(first.raw))
	late := update(created.body["revision"], qa)
	assert.Equal(t, 409, late.status)
	assert.Equal(t, "license_changed", late.text("code"))
	read := api.call(t, "GET", "/v1/licenses/new", admin, "")
	assert.Equal(t, first.body["revision"], read.body["revision"])
	assert.Len(t, read.body["reservations"], 1)
	both := update(read.body["revision"], devs+","+qa)
	assert.Equal(t, 200, both.status)
	assert.Len(t, both.body["reservations"], 2)
	listed := api.call(t, "GET", "/v1/licenses?limit=200", admin, "")
	assert.Contains(t, string(listed.raw), fmt.Sprintf(`"revision":%v`, both.body["revision"]))

	bodies := make([]string, 8)
	for i := range bodies {
		bodies[i] = fmt.Sprintf(`{"revision":%v,"metadata":{"by":"%d"}}`, api.call(t, "GET", "/v1/licenses/demo", admin, "").body["revision"], i)
	}
	won := 0
	for _, status := range api.changes(t, admin, bodies...) {
		if status == 200 {
			won++
		}
	}
	assert.Equal(t, 1, won, "of several who have read the same, one changes it")
}

func TestARevocationMayBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin := w.admin(t)
	ada := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", ada, "laptop").text("leaseId")
	// The ledger has it, and the live seats cannot be told.
	w.redis.Kill(t)
	assert.Equal(t, 503, api.once(t, "POST", "/v1/licenses/demo/revoke", admin, "").status)
	w.redis.Start(t)
	again := api.call(t, "POST", "/v1/licenses/demo/revoke", admin, "")
	assert.Equal(t, 200, again.status, string(again.raw))
	assert.Equal(t, "revoked", again.text("status"))
	assert.Equal(t, "license_revoked", api.heartbeat(t, ada, lease).text("code"))
	assert.Equal(t, "license_revoked", api.call(t, "POST", "/v1/licenses/demo/reinstate", admin, "").text("code"))
}

package server_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

// The API remembers licences, and here nobody tells it, or Redis, that one is changed.
func TestAGrantAndARefusalAreByTheTermsThatTheLedgerHasNow(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	set := func(table, change string) {
		w.postgres.Admin(t, `UPDATE licensing.`+table+` SET `+change+` WHERE id = '`+map[string]string{"license": "demo", "tenant": "demo-1a2b"}[table]+`'`)
	}
	for i := range 5 {
		assert.Equal(t, 201, api.acquire(t, "demo", token, fmt.Sprintf("device-%d", i)).status)
	}
	assert.Equal(t, 409, api.acquire(t, "demo", token, "device-5").status)

	set("license", "features = '{reports}'")
	held := api.acquire(t, "demo", token, "device-0")
	assert.Equal(t, 200, held.status)
	assert.Equal(t, []any{"reports"}, held.body["features"])
	set("license", "seats = 6")
	assert.Equal(t, 201, api.acquire(t, "demo", token, "device-5").status, "there are more seats now")
	set("license", "seats = 5")
	assert.Equal(t, 409, api.acquire(t, "demo", token, "device-6").status)
	assert.Equal(t, 200, api.acquire(t, "demo", token, "device-5").status, "who has a seat keeps it")
	set("license", "max_borrow_seconds = 120")
	borrow := func(seconds int) reply {
		return api.call(t, "POST", "/v1/licenses/demo/borrow", token, fmt.Sprintf(`{"fingerprint":"device-0","durationSeconds":%d}`, seconds))
	}
	assert.Equal(t, string(app.CodeBorrowNotAllowed), borrow(3600).text("code"))
	set("license", "max_borrow_seconds = 86400")
	assert.Equal(t, 200, borrow(3600).status, "it may be borrowed for longer now")

	set("license", "status = 'suspended'")
	assert.Equal(t, string(app.CodeLicenseSuspended), api.acquire(t, "demo", token, "device-1").text("code"))
	set("license", "status = 'active', expires_at = now() - interval '1 minute'")
	assert.Equal(t, string(app.CodeLicenseExpired), api.acquire(t, "demo", token, "device-1").text("code"))
	set("license", "expires_at = NULL")
	assert.Equal(t, 200, api.acquire(t, "demo", token, "device-1").status)
	set("tenant", "status = 'suspended'")
	assert.Equal(t, string(app.CodeTenantSuspended), api.acquire(t, "demo", token, "device-1").text("code"))
}

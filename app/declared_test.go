package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
)

func TestWhatIsDeclaredIsSetBackAndAllElseStaysTheAdministrators(t *testing.T) {
	t.Parallel()
	ends := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	changed := app.License{
		Tenant: "acme", ID: "ide", Product: "old", Seats: 3, LeaseTTL: 10 * time.Minute, HeartbeatInterval: time.Minute, MaxBorrow: time.Hour,
		Overage: 1.5, RequireFingerprint: true, ExpiresAt: ends, Metadata: map[string]string{"a": "b"}, Status: app.StatusSuspended,
		Policy: app.Policy{UserSeats: 2, WhenFull: app.WhenFullTake},
	}
	declared := app.Declared{ID: "ide", Product: "ide", Seats: 5}
	want := changed
	want.Product, want.Seats = "ide", 5
	assert.Equal(t, want, declared.Onto(changed), "only product and seats are declared")

	declared.LeaseTTL, declared.MaxBorrow = new(30*time.Second), new(time.Duration(0))
	declared.Overage, declared.RequireFingerprint, declared.ExpiresAt = new(1.0), new(false), new(ends.AddDate(1, 0, 0))
	want.LeaseTTL, want.HeartbeatInterval, want.MaxBorrow = 30*time.Second, 10*time.Second, 0
	want.Overage, want.RequireFingerprint, want.ExpiresAt = 1, false, ends.AddDate(1, 0, 0)
	assert.Equal(t, want, declared.Onto(changed), "a heartbeat that is too long for the lease becomes the default")

	declared.LeaseTTL, declared.HeartbeatInterval = nil, new(20*time.Minute)
	assert.Equal(t, []time.Duration{time.Hour, 20 * time.Minute}, []time.Duration{declared.Onto(changed).LeaseTTL, declared.Onto(changed).HeartbeatInterval}, "and so a lease that is too short for the heartbeat")

	declared.HeartbeatInterval = new(changed.LeaseTTL)
	assert.NoError(t, declared.Onto(app.License{LeaseTTL: changed.LeaseTTL}).Validate(), "and one that is as long as it")

	fresh := app.Declared{ID: "ide", Product: "ide", Seats: 5}.Onto(app.License{})
	assert.Equal(t, app.License{ID: "ide", Product: "ide", Seats: 5}.Defaulted(), fresh)
}

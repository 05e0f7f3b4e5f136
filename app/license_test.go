package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func good() app.License {
	return app.License{Tenant: "demo-1a2b", ID: "demo", Product: "coditect-ide", Seats: 5}.Defaulted()
}

func TestALicenceWithDefaultsIsValid(t *testing.T) {
	t.Parallel()
	l := good()
	require.NoError(t, l.Validate())
	assert.Equal(t, 5*time.Minute, l.LeaseTTL)
	assert.Equal(t, 100*time.Second, l.HeartbeatInterval)
	assert.Equal(t, app.StatusActive, l.Status)
	assert.Equal(t, 5, l.Limit())
}

func TestEveryWrongFieldOfALicenceIsNamed(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*app.License){
		"body.id":               func(l *app.License) { l.ID = "Demo" },
		"body.product":          func(l *app.License) { l.Product = "" },
		"body.seats":            func(l *app.License) { l.Seats = 0 },
		"body.leaseSeconds":     func(l *app.License) { l.LeaseTTL = 9 * time.Second; l.HeartbeatInterval = time.Second },
		"body.heartbeatSeconds": func(l *app.License) { l.HeartbeatInterval = l.LeaseTTL },
		"body.maxBorrowSeconds": func(l *app.License) { l.MaxBorrow = app.MaxBorrow + 1 },
		"body.overage":          func(l *app.License) { l.Overage = 0.5 },
		"body.status":           func(l *app.License) { l.Status = "gone" },
		"body.metadata":         func(l *app.License) { l.Metadata = map[string]string{"k": strings.Repeat("x", 257)} },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			l := good()
			change(&l)
			var invalid *app.Error
			require.ErrorAs(t, l.Validate(), &invalid)
			require.Len(t, invalid.Fields, 1)
			assert.Equal(t, field, invalid.Fields[0].Field)
			assert.Equal(t, app.CodeValidation, invalid.Code)
		})
	}
}

func TestOverageAddsWholeSeats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seats   int
		overage float64
		limit   int
	}{{5, 1, 5}, {5, 1.2, 6}, {5, 1.19, 5}, {10, 1.1, 11}, {3, 2, 6}, {1, 1.5, 1}} {
		l := good()
		l.Seats, l.Overage = c.seats, c.overage
		assert.Equal(t, c.limit, l.Limit(), "%d seats × %v", c.seats, c.overage)
	}
}

func TestALicenceIsUsableUntilItsStatusOrTimeSaysOtherwise(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for code, change := range map[app.Code]func(*app.License){
		"":                       func(l *app.License) { l.ExpiresAt = now.Add(time.Second) },
		app.CodeLicenseSuspended: func(l *app.License) { l.Status = app.StatusSuspended },
		app.CodeLicenseRevoked:   func(l *app.License) { l.Status = app.StatusRevoked },
		app.CodeLicenseExpired:   func(l *app.License) { l.ExpiresAt = now },
	} {
		l := good()
		change(&l)
		assert.Equal(t, code, app.CodeOf(l.Usable(now)))
	}
}

func TestALeaseIDLeadsBackToItsLicence(t *testing.T) {
	t.Parallel()
	id := app.NewLeaseID("team-1")
	license, ok := app.LicenseOfLease(id)
	assert.True(t, ok)
	assert.Equal(t, "team-1", license)
	assert.NotEqual(t, id, app.NewLeaseID("team-1"))
	for _, letter := range []string{"a", "z", "2", "7"} {
		_, ok := app.LicenseOfLease("demo_" + strings.Repeat(letter, 26))
		assert.True(t, ok, letter)
	}
	for _, wrong := range []string{"", "_", "demo", "demo_", "demo_short", "Demo_" + strings.Repeat("a", 26), "demo_" + strings.Repeat("A", 26), "a}b_" + strings.Repeat("a", 26), "demo_" + strings.Repeat("a", 27)} {
		_, ok := app.LicenseOfLease(wrong)
		assert.False(t, ok, wrong)
	}
}

func FuzzALeaseIDNeverNamesAnUnsafeLicence(f *testing.F) {
	f.Add(app.NewLeaseID("demo"))
	f.Add("demo_x")
	f.Fuzz(func(t *testing.T, text string) {
		license, ok := app.LicenseOfLease(text)
		if ok {
			assert.Regexp(t, `^[a-z0-9][a-z0-9-]{0,62}$`, license)
			assert.Equal(t, license+"_", text[:len(license)+1])
		}
	})
}

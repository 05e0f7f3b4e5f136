package httpapi

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestTermsThatAreLeftOutKeepTheirValues(t *testing.T) {
	t.Parallel()
	before := app.License{
		LeaseTTL: 5 * time.Minute, HeartbeatInterval: 100 * time.Second, MaxBorrow: time.Hour, Metadata: map[string]string{"order": "17"},
		Policy: app.Policy{Features: []string{"sso"}, Reservations: []app.GroupSeats{{Group: "qa", Seats: 1}}},
	}
	same := before
	Terms{}.apply(&same)
	assert.Equal(t, before, same)

	shorter := before
	Terms{LeaseSeconds: new(60)}.apply(&shorter)
	assert.Equal(t, []time.Duration{time.Minute, 20 * time.Second}, []time.Duration{shorter.LeaseTTL, shorter.HeartbeatInterval}, "the usual heartbeat follows the lease")
	both := before
	Terms{LeaseSeconds: new(60), HeartbeatSeconds: new(50)}.apply(&both)
	assert.Equal(t, []time.Duration{time.Minute, 50 * time.Second}, []time.Duration{both.LeaseTTL, both.HeartbeatInterval})

	other := before
	Terms{Metadata: map[string]string{}, Features: []string{}, Reservations: []Reservation{{Group: "devs", Seats: 2}}}.apply(&other)
	assert.Empty(t, other.Metadata)
	assert.Empty(t, other.Features)
	assert.Equal(t, []app.GroupSeats{{Group: "devs", Seats: 2}}, other.Reservations)
}

func TestOnlyAdministratorsSeeWhatIsTheirs(t *testing.T) {
	t.Parallel()
	ends := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	license := app.License{ExpiresAt: ends, Metadata: map[string]string{"order": "17"}, Policy: app.Policy{Reservations: []app.GroupSeats{{Group: "qa", Seats: 1}}}}
	shown := licenseOf(license, true)
	assert.Equal(t, ends, *shown.ExpiresAt)
	assert.Equal(t, map[string]string{"order": "17"}, shown.Metadata)
	assert.Equal(t, []Reservation{{Group: "qa", Seats: 1}}, shown.Reservations)
	hidden := licenseOf(license, false)
	assert.Empty(t, hidden.Metadata)
	assert.Empty(t, hidden.Reservations)
	assert.Nil(t, licenseOf(app.License{}, true).ExpiresAt)
}

func TestADeviceIsNamedOrLeftOutAndNeverEmpty(t *testing.T) {
	t.Parallel()
	for body, c := range map[string]struct {
		text    string
		refused bool
	}{
		`{}`: {"", false}, `{"fingerprint": "laptop"}`: {"laptop", false}, `{"fingerprint": ""}`: {"", true}, `{"fingerprint": null}`: {"", true},
	} {
		var in struct{ Fingerprint Device }
		require.NoError(t, json.Unmarshal([]byte(body), &in), body)
		text, err := in.Fingerprint.fingerprint()
		assert.Equal(t, c.text, text, body)
		assert.Equal(t, c.refused, app.CodeOf(err) == app.CodeValidation, body)
	}
}

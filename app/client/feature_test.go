package client_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestASeatWithoutTheFeatureThatIsNeededGoesBackAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	config := w.config()
	config.Features = []string{"export", "sso"}
	w.set(func(w *fixture) { w.features = []string{"export"} })
	_, err := client.Hold(t.Context(), config)
	require.ErrorIs(t, err, verify.ErrFeature)
	assert.ErrorContains(t, err, `"sso"`)
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called(), "and is not asked for again")

	w.set(func(w *fixture) { w.old = true })
	_, err = client.Hold(t.Context(), config)
	require.ErrorIs(t, err, verify.ErrFeature)
	assert.NotContains(t, w.called(), "release", "another program of the device may have the lease")

	w.set(func(w *fixture) { w.features = []string{"sso", "export"} })
	seat := w.hold(t, func(c *client.Config) { c.Features = config.Features })
	assert.True(t, seat.License().Has("sso"))
	assert.False(t, seat.License().Has("SSO"))
	w.clock.sleeping(t)
}

func TestASeatSaysThatItsLicenceIsInItsGrace(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	assert.False(t, seat.InGrace())
	w.answer("heartbeat", func(rw http.ResponseWriter, r *http.Request) {
		writeJSON(rw, map[string]any{"leaseId": leaseOf(r), "expiresAt": w.clock.Now().Add(time.Minute), "heartbeatSeconds": 20, "inGrace": true})
	})
	w.clock.wake(t, heartbeat)
	w.clock.sleeping(t)
	assert.True(t, seat.InGrace())
	assert.True(t, seat.Held())
}

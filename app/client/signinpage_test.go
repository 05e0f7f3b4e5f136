package client_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
)

// page is what the sign-in page of a network, such as a hotel's, answers in the server's place.
func page(kind, content string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", kind)
		_, _ = rw.Write([]byte(content))
	}
}

func signInPages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"in HTML": page("text/html; charset=UTF-8", "<html><a href='http://hotel.example/login'>Sign in</a></html>"),
		"in JSON": page("application/json", `{"login":"http://hotel.example/login"}`),
		"empty":   page("text/plain", ""),
		"by a redirect": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://hotel.example/login?back=secret", http.StatusFound)
		},
	}
}

func TestASignInPageReleasesNothing(t *testing.T) {
	t.Parallel()
	for name, answer := range signInPages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.answer("release", answer)
			released := make(chan error, 1)
			go func() { released <- client.Return(t.Context(), w.config(), "demo_1") }()
			wait := w.clock.sleeping(t)
			w.answer("release", nil)
			w.clock.wake(t, wait)
			require.NoError(t, await.Receive(t, released))
			assert.Equal(t, []string{"release", "release"}, w.called(), "the seat was not given back before")
		})
	}
}

func TestASignInPageIsNoSetOfKeys(t *testing.T) {
	t.Parallel()
	for name, answer := range signInPages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.answer("jwks.json", answer)
			held := make(chan error, 1)
			var seat *client.Seat
			go func() {
				var err error
				seat, err = client.Hold(t.Context(), w.config())
				held <- err
			}()
			wait := w.clock.sleeping(t)
			w.answer("jwks.json", nil)
			w.clock.wake(t, wait)
			require.NoError(t, await.Receive(t, held), "the network is open now, and the keys are asked for again")
			w.clock.sleeping(t)
			assert.NoError(t, seat.Close(t.Context()))
		})
	}
}

func TestASignInPageSaysNothingAboutALicence(t *testing.T) {
	t.Parallel()
	for name, answer := range signInPages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.answer("demo", answer)
			_, err := client.Look(t.Context(), w.config())
			assert.Error(t, err)
			_, err = client.Keys(t.Context(), client.Config{Server: w.url})
			assert.NoError(t, err)
			w.answer("jwks.json", answer)
			_, err = client.Keys(t.Context(), client.Config{Server: w.url})
			assert.Error(t, err)
		})
	}
}

func TestAUserLearnsWhereASignInPageIs(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.answer("demo", signInPages()["by a redirect"])
	_, err := client.Look(t.Context(), w.config())
	require.ErrorContains(t, err, "to hotel.example")
	assert.NotContains(t, err.Error(), "secret")
}

package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
)

func TestAnIdentityTokenThatWasRefusedIsAskedForAnew(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	asked := 0
	seat := w.hold(t, func(c *client.Config) {
		c.Identity = func(context.Context) (string, error) {
			asked++
			return []string{"first", "ended", "fresh"}[min(asked-1, 2)], nil
		}
	})
	w.clock.sleeping(t)
	w.answer("heartbeat", func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer fresh" {
			problem(401, "invalid_token")(rw, r)
			return
		}
		writeJSON(rw, map[string]any{"leaseId": leaseOf(r), "expiresAt": w.clock.Now().Add(leaseTime), "heartbeatSeconds": 20})
	})
	w.clock.wake(t, heartbeat)
	assert.Equal(t, heartbeat, w.clock.sleeping(t))
	assert.NoError(t, seat.Failure())
}

func TestAnIdentityThatCannotBeHadCountsAsNoNetwork(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	broke := errors.New("signed out")
	fail := false
	seat := w.hold(t, func(c *client.Config) {
		c.Identity = func(context.Context) (string, error) {
			if fail {
				return "", broke
			}
			return "token", nil
		}
	})
	w.clock.sleeping(t)
	fail = true
	w.clock.wake(t, heartbeat)
	assert.Equal(t, time.Second, w.clock.sleeping(t))
	assert.ErrorIs(t, seat.Failure(), broke)
	assert.True(t, seat.Held())
	fail = false
	w.clock.wake(t, time.Second)
	w.clock.sleeping(t)
	assert.NoError(t, seat.Failure())
}

func TestATokenReadFromAFileMayEndWithALineBreak(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var sent string
	w.answer("demo", func(rw http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		writeJSON(rw, map[string]any{"id": "demo"})
	})
	config := w.config()
	for token, want := range map[string]string{
		"secret\n": "", "  secret\r\n": "", "\n": "is empty", "secret\ntwo": "is none", "secret two": "is none", "s\u00e9cret": "is none",
	} {
		sent = ""
		config.Identity = client.Credential(token)
		_, err := client.Look(t.Context(), config)
		if want == "" {
			require.NoError(t, err, "%q", token)
			assert.Equal(t, "Bearer secret", sent)
			continue
		}
		require.ErrorContains(t, err, want, "%q", token)
		assert.NotContains(t, err.Error(), "cret", "no token reaches a log")
		assert.Empty(t, sent, "%q", token)
	}
}

func TestASeatIsReleasedAtOnceThoughAHeartbeatWaitedForItsToken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var slow atomic.Bool
	asked, ends := make(chan struct{}), make(chan struct{})
	config := w.config()
	config.Identity = func(ctx context.Context) (string, error) {
		if !slow.CompareAndSwap(true, false) {
			return "token", nil
		}
		close(asked)
		<-ctx.Done()
		<-ends
		return "", ctx.Err()
	}
	seat, err := client.Hold(t.Context(), config)
	require.NoError(t, err)
	w.clock.sleeping(t)
	slow.Store(true)
	w.clock.wake(t, heartbeat)
	await.Receive(t, asked)
	w.called()
	closed := make(chan error, 1)
	go func() { closed <- seat.Close(t.Context()) }()
	await.True(t, func() bool { return !seat.Held() })
	close(ends)
	select {
	case err = <-closed:
		require.NoError(t, err)
	case wait := <-w.clock.asked:
		require.FailNow(t, "the release is tried again later", wait)
	}
	assert.Equal(t, []string{"release"}, w.called())
}

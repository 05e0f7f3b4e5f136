package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestWhatTheProcessSaysWhileItsStoresAreGoneIsAllForCloudLogging(t *testing.T) {
	t.Parallel()
	w := newFixtureAlone(t)
	api := w.serveChild(t)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	lease := api.acquire(t, "demo", token, "laptop").text("leaseId")
	w.redis.Kill(t)
	w.postgres.Kill(t)
	api.heartbeat(t, token, lease)
	api.acquire(t, "demo", token, "other")
	api.kill()

	said := strings.Split(strings.TrimSpace(w.log.String()), "\n")
	for _, line := range said {
		var entry struct{ Severity, Message, Time string }
		require.NoError(t, json.Unmarshal([]byte(line), &entry), line)
		assert.NotEmpty(t, entry.Severity, line)
		assert.NotEmpty(t, entry.Message, line)
		assert.NotEmpty(t, entry.Time, line)
	}
	assert.Contains(t, w.log.String(), `"library":"go-redis"`, "the library's own words are among them")
}

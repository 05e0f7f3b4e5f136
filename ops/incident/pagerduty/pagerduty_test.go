package pagerduty_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/incident/pagerduty"
	"github.com/coditect-ai/license-platform/ops/incident/response"
)

const key = "0123456789abcdef0123456789ABCDEF"

// fake answers with the statuses in turn, the last one for ever, and keeps what
// it was sent.
func fake(t *testing.T, statuses ...int) (*pagerduty.Client, *[]map[string]any) {
	t.Helper()
	var events []map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&event))
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		events = append(events, event)
		w.WriteHeader(statuses[min(len(events), len(statuses))-1])
		_, _ = w.Write([]byte(`{"status":"x","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}`))
	}))
	t.Cleanup(server.Close)
	client, err := pagerduty.New(key)
	require.NoError(t, err)
	client.URL, client.Wait = server.URL, time.Millisecond
	return client, &events
}

func page() response.Page {
	return response.Page{
		Incident: "license-platform-prod-1", Summary: "license API LOCKED DOWN", Source: "license-platform/prod",
		At: time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC), Details: map[string]string{"manifest_sha256": "abc"},
	}
}

func TestAPageIsACriticalEventThatRingsOnce(t *testing.T) {
	t.Parallel()
	client, events := fake(t, http.StatusAccepted)
	require.NoError(t, client.Page(t.Context(), page()))
	require.Len(t, *events, 1)
	event := (*events)[0]
	assert.Equal(t, key, event["routing_key"])
	assert.Equal(t, "trigger", event["event_action"])
	assert.Equal(t, "license-platform-prod-1", event["dedup_key"])
	assert.Equal(t, map[string]any{
		"summary": "license API LOCKED DOWN", "source": "license-platform/prod", "severity": "critical", "timestamp": "2026-11-23T17:00:00Z",
		"component": "license-api", "class": "security incident", "custom_details": map[string]any{"manifest_sha256": "abc"},
	}, event["payload"])
}

func TestAPageIsSentAgainWhereThatHelps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int
		sent     int
		fails    bool
	}{
		"the queue is full for a moment":   {[]int{429, 429, 202}, 3, false},
		"a server fails for a moment":      {[]int{500, 202}, 2, false},
		"a server does not recover":        {[]int{503}, 4, true},
		"the event is refused":             {[]int{400}, 1, true},
		"somebody answers with a redirect": {[]int{307}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, events := fake(t, c.statuses...)
			err := client.Page(t.Context(), page())
			assert.Len(t, *events, c.sent)
			assert.Equal(t, c.fails, err != nil, "%v", err)
			if err != nil {
				assert.NotContains(t, err.Error(), key)
			}
		})
	}
}

func TestAServerThatIsNotThereIsAnErrorWithoutTheKey(t *testing.T) {
	t.Parallel()
	client, _ := fake(t, http.StatusAccepted)
	client.URL = "http://127.0.0.1:1"
	err := client.Page(t.Context(), page())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), key)
}

func TestWhatIsNoRoutingKeyIsRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "short-secret", key + "0", strings.Replace(key, "0", "\n", 1)} {
		_, err := pagerduty.New(wrong)
		require.Error(t, err)
		if wrong != "" {
			assert.NotContains(t, err.Error(), wrong)
		}
	}
}

package loadbalancer_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func TestAWatcherIsToldOfEveryRequestWithTheBackendsProblem(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 40<<10)
	answers := map[string]struct{ kind, body, want string }{
		"/refused":  {"application/problem+json; charset=utf-8", `{"status":409,"code":"no_seats_available"}`, "no_seats_available"},
		"/other":    {"application/json", `{"code":"not_a_problem"}`, ""},
		"/nonsense": {"application/problem+json", `[`, ""},
		"/long":     {"application/problem+json", `{"detail":"` + long + `","code":"too_late"}`, ""},
	}
	d := open(t)
	p := startPod(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", answers[r.URL.Path].kind)
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, answers[r.URL.Path].body)
	})
	require.NoError(t, d.Update(serving(p)))
	seen := make(chan loadbalancer.LogEntry, 1)
	unwatch := d.Watch(func(e loadbalancer.LogEntry) { seen <- e })

	for path, answer := range answers {
		got := d.get("https://" + licenses + path)
		assert.Equal(t, answer.body, got.body, "%s: the client gets the whole answer", path)
		e := await.Receive(t, seen)
		assert.Equal(t, answer.want, e.Problem, path)
		assert.Contains(t, e.HTTPRequest.URL, path)
	}

	unwatch()
	d.get("https://" + licenses + "/refused")
	assert.Empty(t, seen, "who has left is not told")
}

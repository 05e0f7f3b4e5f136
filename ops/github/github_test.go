package github_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/github"
)

// hub answers lists with what it holds and remembers what is written.
type hub struct {
	pages   map[string][]string // by path, each page's JSON
	written []string
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer secret" {
		http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodGet {
		var page int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		if pages := h.pages[r.URL.Path]; page <= len(pages) {
			_, _ = io.WriteString(w, pages[page-1])
			return
		}
		_, _ = io.WriteString(w, "[]")
		return
	}
	body, _ := io.ReadAll(r.Body)
	h.written = append(h.written, r.Method+" "+r.URL.Path+" "+string(body))
}

func repository(t *testing.T, h *hub) github.Repository {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return github.Repository{API: server.URL, Name: "o/r", Token: "secret", Client: server.Client()}
}

func full(t *testing.T) string {
	t.Helper()
	page := make([]map[string]any, 100)
	for i := range page {
		page[i] = map[string]any{"id": i, "body": "something else"}
	}
	encoded, err := json.Marshal(page)
	require.NoError(t, err)
	return string(encoded)
}

func TestACommentIsWrittenOnceAndThenBroughtUpToDate(t *testing.T) {
	t.Parallel()
	marker := github.Marker("preview")
	h := &hub{pages: map[string][]string{}}
	r := repository(t, h)
	require.NoError(t, r.Comment(t.Context(), 7, marker, "first"))
	require.Len(t, h.written, 1)
	assert.Contains(t, h.written[0], "POST /repos/o/r/issues/7/comments")
	assert.Contains(t, h.written[0], "first")

	h.pages["/repos/o/r/issues/7/comments"] = []string{full(t), `[{"id": 99, "body": "` + marker + `\nfirst"}]`}
	require.NoError(t, r.Comment(t.Context(), 7, marker, "second"))
	assert.Contains(t, h.written[1], "PATCH /repos/o/r/issues/comments/99", "found on the second page")
}

func TestThereIsOneIssueAndItIsClosedWhenAllIsWell(t *testing.T) {
	t.Parallel()
	marker := github.Marker("drift")
	h := &hub{pages: map[string][]string{}}
	r := repository(t, h)
	require.NoError(t, r.Close(t.Context(), marker))
	assert.Empty(t, h.written, "nothing to close")
	require.NoError(t, r.Issue(t.Context(), marker, "Drift", "prod"))
	assert.Contains(t, h.written[0], `POST /repos/o/r/issues {`)

	h.pages["/repos/o/r/issues"] = []string{`[{"number": 4, "pull_request": {}, "body": "` + marker + `"}, {"number": 5, "body": "` + marker + `\nold"}]`}
	require.NoError(t, r.Issue(t.Context(), marker, "Drift", "prod again"))
	assert.Contains(t, h.written[1], "PATCH /repos/o/r/issues/5 ", "a pull request is no issue")
	require.NoError(t, r.Close(t.Context(), marker))
	assert.Contains(t, h.written[2], `"state":"closed"`)
}

func TestALongTextIsCutToWhatGitHubTakes(t *testing.T) {
	t.Parallel()
	h := &hub{}
	require.NoError(t, repository(t, h).Comment(t.Context(), 7, github.Marker("x"), strings.Repeat("ä", 100_000)))
	_, encoded, _ := strings.Cut(h.written[0], "comments ")
	var body struct{ Body string }
	require.NoError(t, json.Unmarshal([]byte(encoded), &body))
	assert.LessOrEqual(t, len([]rune(body.Body)), 65536)
	assert.Contains(t, body.Body, "This is cut")
}

func TestARefusalSaysWhatGitHubSaysAndNotTheToken(t *testing.T) {
	t.Parallel()
	r := repository(t, &hub{})
	r.Token = "wrong-token"
	err := r.Comment(t.Context(), 7, "m", "t")
	require.ErrorContains(t, err, "look for the comment at pull request 7: GitHub answers 401 Unauthorized")
	assert.NotContains(t, err.Error(), "wrong-token")
}

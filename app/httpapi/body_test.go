package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// broken is a body whose sender is gone after some bytes.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		err = errors.New("connection reset by peer")
	}
	return n, err
}

func TestABodyIsReadWholeOrRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    io.Reader
		headers []string
		status  int
		code    string
	}{
		"64 KiB":                              {body: strings.NewReader(strings.Repeat(" ", maxBody)), status: 200},
		"64 KiB without a length":             {body: io.MultiReader(strings.NewReader(strings.Repeat(" ", maxBody))), status: 200},
		"one byte more":                       {body: strings.NewReader(strings.Repeat(" ", maxBody+1)), status: 413, code: "body_too_large"},
		"one byte more without a length":      {body: io.MultiReader(strings.NewReader(strings.Repeat(" ", maxBody+1))), status: 413, code: "body_too_large"},
		"too much with an Idempotency-Key":    {body: io.MultiReader(strings.NewReader(strings.Repeat(" ", maxBody+1))), headers: []string{"Idempotency-Key", "k"}, status: 413, code: "body_too_large"},
		"half a body":                         {body: broken{strings.NewReader(`{"finger`)}, status: 400, code: "malformed_request"},
		"half a body with an Idempotency-Key": {body: broken{strings.NewReader(`{"finger`)}, headers: []string{"Idempotency-Key", "k"}, status: 400, code: "malformed_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, err := New(stubConfig(io.Discard, &counted{}))
			require.NoError(t, err)
			r := heartbeatRequest("/v1/leases/"+lease("ok")+"/heartbeat", c.headers...)
			full := httptest.NewRequest(r.Method, r.URL.Path, c.body)
			full.Header = r.Header
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, full)
			assert.Equal(t, c.status, answer.Code, answer.Body.String())
			if c.code != "" {
				assert.Contains(t, answer.Body.String(), `"`+c.code+`"`)
				assert.Equal(t, problemType, answer.Header().Get("Content-Type"))
			}
		})
	}
}

func TestAnAnswerThatBreaksOffIsNoSuccess(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	measured := &counted{}
	a, _, err := assemble(stubConfig(&log, measured))
	require.NoError(t, err)
	server := httptest.NewServer(a.observed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"leaseId":`)
		panic("the body cannot be encoded")
	})))
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err == nil {
		_, err = io.ReadAll(response.Body)
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err, "the client must not take it for whole")
	server.Close()
	assert.Equal(t, []string{"none GET Internal Server Error"}, measured.all)
	assert.Contains(t, log.String(), `"level":"ERROR"`)
	assert.Contains(t, log.String(), "panic: the body cannot be encoded")
}

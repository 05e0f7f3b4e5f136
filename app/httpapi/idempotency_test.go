package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// finished is a memory that has nothing, and notes what it is given.
type finished struct {
	app.Answers
	answer app.Answer
	keep   time.Duration
	calls  int
}

func (*finished) Begin(context.Context, app.Principal, string, string) (*app.Answer, error) {
	return nil, nil
}

func (f *finished) Finish(_ context.Context, _ app.Principal, _, _ string, answer app.Answer, keep time.Duration) error {
	f.answer, f.keep = answer, keep
	f.calls++
	return nil
}

func TestOnlyTheAnswerOfASuccessIsRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		size   int
		panics bool
		kept   bool
	}{
		"made":               {status: 201, kept: true},
		"nothing to say":     {status: 204, kept: true},
		"as large as may be": {status: 200, size: maxKept, kept: true},
		"too large":          {status: 200, size: maxKept + 1},
		"a redirect":         {status: 303},
		"not valid":          {status: 422},
		"no seat is free":    {status: 409},
		"too many requests of the tenant at once": {status: 429},
		"a dependency is away":                    {status: 503},
		"a panic":                                 {status: 0, panics: true},
		"a panic in the middle of a success":      {status: 201, panics: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := &finished{}
			config := stubConfig(io.Discard, &counted{})
			config.Answers = memory
			a, _, err := assemble(config)
			require.NoError(t, err)
			next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				_, _ = io.WriteString(w, strings.Repeat("x", c.size))
				if c.panics {
					panic("the handler is broken")
				}
			})
			do := func() {
				w := httptest.NewRecorder()
				a.first(w, httptest.NewRequest(http.MethodPost, "/v1/licenses", nil), next, "key", "digest", remembering{keep: time.Hour})
				assert.Equal(t, c.status, w.Code, "the client gets it in any case")
			}
			if c.panics {
				assert.Panics(t, do)
			} else {
				do()
			}
			require.Equal(t, 1, memory.calls, "the key is free again, or has its answer")
			if c.kept {
				assert.Equal(t, time.Hour, memory.keep)
				assert.Equal(t, c.status, memory.answer.Status)
			} else {
				assert.Zero(t, memory.keep)
			}
		})
	}
}

func TestHowLongAnAnswerIsRememberedDependsOnTheOperation(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]time.Duration{
		"POST /v1/licenses/{license_id}/acquire":   keepGrant,
		"POST /v1/licenses/{license_id}/borrow":    keepGrant,
		"POST /v1/licenses":                        keepChange,
		"POST /v1/licenses/{license_id}/revoke":    keepChange,
		"POST /v1/privacy/erase":                   keepChange,
		"POST /v1/privacy/export":                  0,
		"POST /v1/leases/{lease_id}/heartbeat":     0,
		"POST /v1/leases/{lease_id}/release":       0,
		"POST /v1/leases/{lease_id}/force-release": 0,
		"GET /v1/licenses/{license_id}":            0,
	} {
		method, path, _ := strings.Cut(path, " ")
		assert.Equal(t, want, keepOf(method, path), path)
	}
}

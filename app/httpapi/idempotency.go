package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

const maxKey = 255

// How long answers are remembered, and how large ones. Only successes are remembered: a
// refusal changed nothing, so the request is carried out again. Who acquires again after an
// hour gets a fresh token.
const (
	keepGrant  = time.Hour
	keepChange = 24 * time.Hour
	maxKept    = 16 << 10
)

// remembering says how the answers of an operation are remembered.
type remembering struct {
	keep time.Duration
	// admin says that only administrators may have the answer.
	admin bool
	// whenSuspended says that a suspended tenant may have it, too.
	whenSuspended bool
}

// keepOf returns how long the answer to an operation is remembered; 0 is not at all. Heartbeats
// and releases may be repeated, and heartbeats are nearly all requests. An export must not be
// kept after the erasure of its data, and the secret of a new credential is never stored.
func keepOf(method, path string) time.Duration {
	switch {
	case method != http.MethodPost, path == pathExport, path == pathCredentials:
		return 0
	}
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "heartbeat", "release", "force-release":
		return 0
	case "acquire", "borrow":
		return keepGrant
	}
	return keepChange
}

// once makes a POST with an Idempotency-Key happen once: the same request sent
// again gets the first answer.
func (a *api) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := requestOf(r.Context())
		who := record.who
		key := r.Header.Get("Idempotency-Key")
		if key == "" || who.Tenant == "" {
			next.ServeHTTP(w, r)
			return
		}
		how, remembered := a.remembered[record.route]
		if !remembered {
			next.ServeHTTP(w, r)
			return
		}
		if len(key) > maxKey {
			writeProblem(w, r, &app.Error{Code: app.CodeValidation, Detail: "a header is not valid", Fields: []app.FieldError{{Field: "header.Idempotency-Key", Message: "must be 1 to 255 characters"}}})
			return
		}
		digest := digestOf(r, record.body)
		earlier, err := a.config.Answers.Begin(r.Context(), who, key, digest)
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		if earlier != nil {
			a.replay(w, r, earlier, how)
			return
		}
		a.first(w, r, next, key, digest, how)
	})
}

// first carries the request out and keeps the answer, even if the handler panics
// or the client hangs up.
func (a *api) first(w http.ResponseWriter, r *http.Request, next http.Handler, key, digest string, how remembering) {
	copied, answered := &copied{ResponseWriter: w}, false
	defer func() {
		if !answered {
			// It panicked, maybe after it began to answer.
			copied.status = http.StatusInternalServerError
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 2*time.Second)
		defer cancel()
		answer := app.Answer{Status: copied.status, Body: copied.body.Bytes(), Header: map[string]string{"Content-Type": w.Header().Get("Content-Type")}}
		keep := how.keep
		if answer.Status >= 300 || len(answer.Body) > maxKept {
			keep = 0
		}
		if err := a.config.Answers.Finish(ctx, requestOf(r.Context()).who, key, digest, answer, keep); err != nil {
			a.log.WarnContext(ctx, "the answer to an Idempotency-Key was not kept", "error", err)
		}
	}()
	next.ServeHTTP(copied, r)
	answered = true
}

// replay gives the earlier answer to a caller who may still have it.
func (a *api) replay(w http.ResponseWriter, r *http.Request, earlier *app.Answer, how remembering) {
	if err := a.mayReplay(r, how); err != nil {
		writeProblem(w, r, err)
		return
	}
	for name, value := range earlier.Header {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(earlier.Status)
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(earlier.Body)
}

// mayReplay refuses a remembered answer to a caller who is no longer an administrator, to a
// credential that is not for the licence, as one that replaces another need not be, and to a
// tenant that was suspended since, for which the operation would not be done any more. It works without the ledger, because nothing new is granted.
func (a *api) mayReplay(r *http.Request, how remembering) error {
	record := requestOf(r.Context())
	if how.admin && !record.who.Admin {
		return app.NewError(app.CodeForbidden, "this needs the administrator's role")
	}
	license, _ := namedBy(record.route, r.URL.Path)
	if err := record.who.May(license); err != nil {
		return err
	}
	switch err := a.service.Active(r.Context(), record.who); app.CodeOf(err) {
	case "", app.CodeUnavailable:
		return nil
	case app.CodeTenantSuspended:
		if how.whenSuspended {
			return nil
		}
		return err
	default:
		return err
	}
}

// digestOf identifies what is asked for.
func digestOf(r *http.Request, body []byte) string {
	sum := sha256.New()
	io.WriteString(sum, r.Method+"\x00"+r.URL.Path+"\x00"+r.URL.RawQuery+"\x00")
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

// copied keeps what it passes on.
type copied struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *copied) Write(content []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	c.body.Write(content)
	return c.ResponseWriter.Write(content)
}

// Unwrap lets http.ResponseController find the connection.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }

package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/coditect-ai/license-platform/app"
)

const maxBody = 64 << 10

func tooLarge() error {
	return app.NewError(app.CodeBodyTooLarge, "the body is larger than 64 KiB")
}

// limited keeps anybody from reading a body that is too large.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// whole reads the body of an authenticated request before anything is done, so that a
// slow client holds no share of the service, and nobody after this waits for the
// connection.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := requestOf(r.Context())
		if record.who.Tenant == "" || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		if r.ContentLength > maxBody {
			writeProblem(w, r, tooLarge())
			return
		}
		body, err := io.ReadAll(r.Body)
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			err = tooLarge()
		case err != nil:
			err = &app.Error{Code: app.CodeMalformed, Detail: "the body could not be read to its end", Cause: err}
		}
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		if len(body) > 0 {
			if err := contentType(r.Header); err != nil {
				writeProblem(w, r, err)
				return
			}
		}
		record.body, r.Body = body, io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

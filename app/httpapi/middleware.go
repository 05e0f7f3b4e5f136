package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// answered remembers the status that a handler wrote.
type answered struct {
	http.ResponseWriter
	status int
	bytes  int
}

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answered) Write(content []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(content)
	a.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// observed is the outermost layer: it gives the request an id and a time limit,
// survives a panic, and counts and logs the answer.
func (a *api) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		done := a.metrics.Started()
		record := newRequest(r, a.config.Project)
		ctx := &lazyDeadline{Context: r.Context(), record: record, deadline: start.Add(a.config.RequestTimeout)}
		defer ctx.end()
		r = r.WithContext(ctx)
		out := &answered{ResponseWriter: w}
		out.Header().Set("X-Request-Id", record.id)
		defer func() {
			broken, begun := recover(), out.status != 0
			if broken != nil {
				if !begun {
					writeProblem(out, r, errors.New("panic"))
				}
				out.status = http.StatusInternalServerError
				record.fail(app.CodeInternal, fmt.Errorf("panic: %v\n%s", broken, debug.Stack()))
			}
			a.recordRefusal(ctx, record, r.URL.Path)
			took := time.Since(start)
			done(record.route, knownMethod(r.Method), out.status, took)
			a.logAnswer(r, record, out, took)
			if broken != nil && begun {
				// Sent data cannot be taken back; the connection is cut so that no client
				// treats the answer as complete.
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(out, r)
	})
}

// recordRefusal writes to the audit trail that an operation was refused to a user. The
// request has left its share of the service to others by then, and what is refused costs its caller
// next to nothing, so that this has a share of its own. The log has what finds no place in it.
func (a *api) recordRefusal(ctx context.Context, record *request, address string) {
	if record.code == "" || record.who.Tenant == "" || record.route == routeNone || !app.Noted(record.code) {
		return
	}
	// A client that hangs up is logged, too.
	slots, err := a.limit.enter(context.WithoutCancel(ctx), share{record.who.Tenant, ofRefusals})
	if err != nil {
		a.log.WarnContext(ctx, "a refusal is not in the audit trail: the tenant has too many at once", "tenant", record.who.Tenant, "detail", record.route, "code", record.code)
		return
	}
	defer slots.leave()
	license, lease := namedBy(record.route, address)
	a.service.Refused(ctx, record.who, record.route, license, lease, record.code)
}

// namedBy returns the licence and the lease that an address of the route names, "" for none.
func namedBy(route, address string) (license, lease string) {
	_, pattern, _ := strings.Cut(route, " ")
	parts, values := strings.Split(pattern, "/"), strings.Split(address, "/")
	if len(parts) != len(values) {
		return "", ""
	}
	for i, part := range parts {
		switch part {
		case "{license_id}":
			license = values[i]
		case "{lease_id}":
			lease = values[i]
		}
	}
	return license, lease
}

// knownMethod keeps made-up methods from becoming metric labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return method
	}
	return "OTHER"
}

// logAnswer writes one line a request, with the field names of Cloud Logging. It
// holds no header, query or body, so no token can be in it. Heartbeats and probes
// that went well are logged at debug level only.
func (a *api) logAnswer(r *http.Request, record *request, out *answered, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case out.status >= 500:
		level = slog.LevelError
	case out.status < 400 && (record.route == routeHeartbeat || record.route == routeHealth || record.route == routeReady):
		level = slog.LevelDebug
	}
	if !a.log.Enabled(r.Context(), level) {
		return
	}
	attributes := []slog.Attr{
		slog.Group("httpRequest",
			slog.String("requestMethod", r.Method), slog.String("requestUrl", r.URL.Path), slog.Int("status", out.status),
			slog.String("latency", fmt.Sprintf("%.6fs", took.Seconds())), slog.Int("responseSize", out.bytes),
			slog.String("remoteIp", record.address), slog.String("protocol", r.Proto)),
		slog.String("route", record.route),
	}
	if record.who.Tenant != "" {
		attributes = append(attributes, slog.String("tenant", record.who.Tenant))
	}
	if record.code != "" {
		attributes = append(attributes, slog.String("code", string(record.code)))
	}
	if record.err != nil {
		attributes = append(attributes, slog.String("error", record.err.Error()))
	}
	a.log.LogAttrs(r.Context(), level, "request", attributes...)
}

// named notes what is asked for, before anything can refuse it.
func (a *api) named(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// For an address that is not canonical the mux would redirect the client. No operation
		// documents redirects, so the answer is not found.
		if _, pattern := mux.Handler(r); pattern != "" && canonical(r.URL.EscapedPath()) {
			requestOf(r.Context()).route = pattern
		}
		next.ServeHTTP(w, r)
	})
}

// routed calls the handler, and answers for a path or a method without a handler.
func (a *api) routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requestOf(r.Context()).route != routeNone {
			mux.ServeHTTP(w, r)
			return
		}
		// The mux knows whether another method would do; only its headers are used.
		handler, pattern := mux.Handler(r)
		silent := &discarded{header: http.Header{}}
		if pattern == "" {
			handler.ServeHTTP(silent, r)
		}
		if allow := silent.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			writeProblem(w, r, app.NewError(app.CodeMethodNotAllowed, "this address takes "+allow))
			return
		}
		writeProblem(w, r, app.NewError(app.CodeNotFound, "there is nothing at this address"))
	})
}

// canonical says that an address has no empty part, no `.` and no `..`.
func canonical(address string) bool {
	clean := path.Clean(address)
	return address == clean || address == clean+"/"
}

// discarded takes an answer and keeps its header only.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header               { return d.header }
func (d *discarded) Write(content []byte) (int, error) { return len(content), nil }
func (d *discarded) WriteHeader(int)                   {}

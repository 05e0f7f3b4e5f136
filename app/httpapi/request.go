package httpapi

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"strings"

	"github.com/coditect-ai/license-platform/app"
)

// request is what the middleware learns about one request on its way in, for the
// log line and the metrics on its way out.
type request struct {
	id      string
	address string
	trace   string
	span    string
	// route is the pattern that matched, "none" when nothing did.
	route string
	who   app.Principal
	// accept is the client's Accept header.
	accept string
	// body is the request's body, once it was read.
	body []byte
	code app.Code
	err  error
}

type requestKey struct{}

// requestOf returns the request's record; never nil.
func requestOf(ctx context.Context) *request {
	if found, ok := ctx.Value(requestKey{}).(*request); ok {
		return found
	}
	return &request{}
}

// fail notes why the request is refused.
func (r *request) fail(code app.Code, err error) { r.code, r.err = code, err }

// newRequest reads ids and the client's address from the headers.
func newRequest(r *http.Request, project string) *request {
	found := &request{id: cleanID(r.Header.Get("X-Request-Id")), address: clientAddress(r), route: routeNone, accept: r.Header.Get("Accept")}
	if found.id == "" {
		found.id = strings.ToLower(rand.Text())
	}
	trace, span := traceOf(r.Header)
	if trace != "" {
		// The form by which Cloud Logging joins log lines to a trace:
		// cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
		found.trace, found.span = "projects/"+project+"/traces/"+trace, span
	}
	return found
}

// cleanID accepts a caller's request id when it is 1 to 64 letters, digits, dots,
// underscores and hyphens, so that nothing else reaches logs and the audit trail.
func cleanID(id string) string {
	if len(id) > 64 {
		return ""
	}
	for _, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return ""
		}
	}
	return id
}

// clientAddress is the caller's address. Google's load balancer appends
// "client, balancer" to X-Forwarded-For, so the last but one entry is the client;
// what stands before it is the client's own claim
// (cloud.google.com/load-balancing/docs/https#x-forwarded-for_header).
func clientAddress(r *http.Request) string {
	if forwarded := r.Header["X-Forwarded-For"]; len(forwarded) > 0 {
		hops := strings.Split(strings.Join(forwarded, ","), ",")
		if len(hops) >= 2 {
			if ip := net.ParseIP(strings.TrimSpace(hops[len(hops)-2])); ip != nil {
				return ip.String()
			}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// traceOf reads the W3C traceparent, or Google's older X-Cloud-Trace-Context.
func traceOf(header http.Header) (trace, span string) {
	if parent := header["Traceparent"]; len(parent) > 0 {
		parts := strings.Split(parent[0], "-")
		if len(parts) == 4 && isHex(parts[1], 32) && isHex(parts[2], 16) {
			return parts[1], parts[2]
		}
	}
	trace, rest, _ := strings.Cut(header.Get("X-Cloud-Trace-Context"), "/")
	if !isHex(trace, 32) {
		return "", ""
	}
	span, _, _ = strings.Cut(rest, ";")
	if !isHex(span, len(span)) || len(span) > 20 {
		span = ""
	}
	return trace, span
}

func isHex(text string, length int) bool {
	if len(text) != length {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

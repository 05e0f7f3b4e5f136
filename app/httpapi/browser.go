package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/coditect-ai/license-platform/app"
)

// securityHeaders tell browsers to be careful with this host.
func securityHeaders() http.Header {
	return http.Header{
		"Strict-Transport-Security":    {"max-age=31536000; includeSubDomains; preload"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Cache-Control":                {"no-store"},
	}
}

// secured sets the security headers, whose values are made once.
func secured(next http.Handler) http.Handler {
	fixed := securityHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), fixed)
		next.ServeHTTP(w, r)
	})
}

// What programs in a browser may read of an answer and send with a request, beside what they always may: all
// headers that the OpenAPI document names, and Date, by which clients correct their clock
// (fetch.spec.whatwg.org, "CORS-safelisted response-header name").
const (
	exposed  = "Retry-After, X-Request-Id, Idempotency-Replayed, Next-Cursor, ETag, Allow, WWW-Authenticate, Date"
	sendable = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, Traceparent, Tracestate"
)

// shared answers browsers of the allowed origins (CORS, with credentials), and
// their preflight requests. Any other origin gets no permission.
func shared(origins []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		w.Header().Add("Vary", "Origin")
		allowed := origin != "" && slices.Contains(origins, origin)
		if allowed {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Expose-Headers", exposed)
		}
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		requestOf(r.Context()).route = "preflight"
		if !allowed {
			writeProblem(w, r, app.NewError(app.CodeCrossOrigin, "this origin may not use the API from a browser"))
			return
		}
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", sendable)
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}

// sameOrigin refuses what a foreign web page sends with the user's browser.
func sameOrigin(origins []string, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("CORS_ORIGINS: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, app.NewError(app.CodeCrossOrigin, "this origin may not use the API from a browser"))
	}))
	return protection.Handler(next), nil
}

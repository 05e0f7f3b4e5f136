package httpapi

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// plainHeartbeats answers the heartbeats for which no layer has special work: nearly all
// of the service's traffic. It does what the layers would do, in their order; a request
// with anything out of the ordinary goes the way of all others.
func (a *api) plainHeartbeats(others http.Handler) http.Handler {
	fixed := securityHeaders()
	fixed["Vary"] = []string{"Origin"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lease, plain := plainHeartbeat(r)
		if !plain {
			others.ServeHTTP(w, r)
			return
		}
		maps.Copy(w.Header(), fixed)
		if err := a.keep(w, r, lease); err != nil {
			writeProblem(w, r, err)
		}
	})
}

// keep carries the heartbeat out and answers it; an error is still to be answered.
func (a *api) keep(w http.ResponseWriter, r *http.Request, lease string) error {
	record, err := a.identify(r)
	if err != nil {
		return err
	}
	record.route = routeHeartbeat
	slots, err := a.limit.enter(r.Context(), share{record.who.Tenant, ofHeartbeats})
	if err != nil {
		return err
	}
	defer slots.leave()
	extended, err := a.service.Heartbeat(r.Context(), record.who, lease)
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(appendHeartbeat(make([]byte, 0, 192), lease, extended))
	return nil
}

// appendHeartbeat appends the JSON of heartbeatOutput's body. Neither a lease's id nor a
// time has a character that JSON would have to escape.
func appendHeartbeat(b []byte, lease string, e app.Extended) []byte {
	b = append(append(b, `{"leaseId":"`...), lease...)
	b = e.ExpiresAt.AppendFormat(append(b, `","expiresAt":"`...), time.RFC3339Nano)
	b = strconv.AppendInt(append(b, `","heartbeatSeconds":`...), int64(e.Interval/time.Second), 10)
	if e.Revived {
		b = append(b, `,"revived":true`...)
	}
	if e.InGrace {
		b = append(b, `,"inGrace":true`...)
	}
	return append(b, "}\n"...)
}

// plainHeartbeat returns the lease of a heartbeat that has no body, comes from no
// browser, and asks for no particular answer.
func plainHeartbeat(r *http.Request) (lease string, plain bool) {
	rest, found := strings.CutPrefix(r.URL.Path, "/v1/leases/")
	if !found || r.Method != http.MethodPost || r.Body != http.NoBody || r.URL.RawPath != "" {
		return "", false
	}
	if lease, found = strings.CutSuffix(rest, "/heartbeat"); !found {
		return "", false
	}
	if _, valid := app.LicenseOfLease(lease); !valid {
		return "", false
	}
	for _, name := range [...]string{"Origin", "Sec-Fetch-Site"} {
		if _, found := r.Header[name]; found {
			return "", false
		}
	}
	accept := r.Header["Accept"]
	return lease, len(accept) == 0 || len(accept) == 1 && (accept[0] == "*/*" || accept[0] == "application/json")
}

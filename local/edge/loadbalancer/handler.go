package loadbalancer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/http/httpguts"
)

// exchange has the data about one request while it passes through the load balancer.
type exchange struct {
	started  time.Time
	snapshot *snapshot
	client   Client
	backend  *backend // nil when no rule matched
	verdict  Verdict
	details  string // jsonPayload.statusDetails
	problem  string // the code of the backend's problem, if it answered with one
	trace    trace

	cut      context.CancelCauseFunc // ends the request to the backend
	endpoint *endpoint
	release  func()
}

type exchangeKey struct{}

// malformedHost is logged instead of a host that is not valid, because the log shows the host as
// a part of an address. Servers have to answer such a request with 400
// (https://www.rfc-editor.org/rfc/rfc9112.html#section-3.2).
const malformedHost = "malformed-host.invalid"

// ServeHTTP passes one request through the load balancer: who is it, where to,
// may it, and only then the backend.
func (f *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.work.Add(1)
	defer f.work.Done()
	s := f.current.Load()
	x := &exchange{started: time.Now(), snapshot: s, release: func() {}}
	answer := &answer{ResponseWriter: w}
	defer func() { // also when the proxy aborts the response by a panic
		x.release()
		f.record.add(x.entry(f.options.Project, r, answer), x.sampled())
	}()
	if !httpguts.ValidHostHeader(r.Host) { // over HTTP/2 net/http does not look
		r.Host, x.details = malformedHost, "malformed_host"
		answer.problem(http.StatusBadRequest, "the request names no valid host")
		return
	}
	client, err := f.clientOf(r)
	if err != nil {
		x.details = "malformed_" + ClientHeader
		answer.problem(http.StatusBadRequest, err.Error())
		return
	}
	x.client, x.trace = client, newTrace(r)
	x.backend = s.routes.find(r.Host, r.URL.EscapedPath())
	if x.backend == nil {
		x.details = "response_sent_by_backend" // GKE's default backend is one
		answer.text(http.StatusNotFound, "default backend - 404")
		return
	}
	switch {
	case x.backend.Guard != nil && !f.passes(x, answer, r):
	case x.backend.IAP != nil:
		x.details = "handled_by_identity_aware_proxy"
		x.backend.IAP.challenge(answer, r)
	default:
		f.forward(x, answer, r)
	}
}

// passes asks the guard and answers the request when it may not go on.
func (f *LoadBalancer) passes(x *exchange, answer *answer, r *http.Request) bool {
	body, err := inspected(answer, r, x.backend.inspectBytes(), f.options.BodyTimeout)
	if errors.Is(err, errAborted) {
		x.details = "client_disconnected_before_any_response"
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
	if err != nil {
		x.details = "client_timed_out"
		answer.page(http.StatusRequestTimeout)
		return false
	}
	x.verdict = x.backend.Guard.Evaluate(r.Context(), Inspection{Request: r, Body: body, Client: x.client})
	if x.verdict.Status == 0 {
		maps.Copy(r.Header, x.verdict.AddHeaders)
		return true
	}
	if x.verdict.Location != "" {
		x.details = "redirected_by_security_policy"
		answer.Header().Set("Location", x.verdict.Location)
	} else {
		x.details = "denied_by_security_policy"
	}
	answer.page(x.verdict.Status)
	return false
}

// errAborted is a body that ended before it was over: the client hung up. Nobody
// evaluates such a request, least of all by the half of it that arrived.
var errAborted = errors.New("the client hung up in its body")

// inspected reads the beginning of the body and puts it back. It fails when the
// client is too slow, or with errAborted.
func inspected(w http.ResponseWriter, r *http.Request, limit int, timeout time.Duration) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	begin, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, err
	}
	if deadlineErr := control.SetReadDeadline(time.Time{}); deadlineErr != nil && !errors.Is(deadlineErr, http.ErrNotSupported) {
		return nil, deadlineErr
	}
	if err != nil {
		return nil, errors.Join(errAborted, err)
	}
	r.Body = rejoined{io.MultiReader(bytes.NewReader(begin), r.Body), r.Body}
	return begin, nil
}

type rejoined struct {
	io.Reader
	io.Closer
}

// forward hands the request to the backend for at most its timeout.
func (f *LoadBalancer) forward(x *exchange, answer *answer, r *http.Request) {
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, x.backend.timeout(), errBackendTimeout)
	defer cancel()
	x.cut = cut
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	defer func() {
		if x.details == "" || x.details == sentByBackend || x.details == websocketClosed {
			x.details = endedBy(ctx, r, x.details)
		}
	}()
	f.proxy.ServeHTTP(answer, r.WithContext(ctx))
}

package loadbalancer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// errBackendTimeout is the end of a backend service's timeoutSec.
var errBackendTimeout = errors.New("the backend's timeout is over")

// unreachable is a connection that could not be opened: no part of the request has been
// sent.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

func newTransport(dial Dial) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, unreachable{err}
			}
			return c, nil
		},
		DisableCompression:  true, // bytes pass as they are
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     600 * time.Second, // the GFEs' fixed backend keepalive
	}
}

// newProxy joins the standard reverse proxy, which knows hop-by-hop headers,
// trailers and protocol upgrades, with this load balancer's headers, its choice of
// endpoints and its answers.
func (f *LoadBalancer) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      balancer{f.transport},
		FlushInterval:  -1,
		ErrorLog:       slog.NewLogLogger(f.options.Logger.Handler(), slog.LevelDebug),
		ModifyResponse: finishResponse,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			x := exchangeOf(r)
			x.details = failure(r.Context(), err)
			f.options.Logger.Debug("the backend did not answer", "backend", x.backend.Name, "why", err)
			if answer, ok := w.(*answer); ok {
				answer.page(http.StatusBadGateway)
			}
		},
	}
}

func exchangeOf(r *http.Request) *exchange {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("loadbalancer: a request was proxied without its exchange")
	}
	return x
}

// balancer picks the endpoint of a request. A connection that cannot be opened is
// tried once more at another endpoint, which is safe for every method: nothing
// was sent.
type balancer struct{ transport *http.Transport }

func (b balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r)
	key := "" // any endpoint will do
	if x.backend.Affinity == AffinityClientIP {
		key = x.client.IP.String()
	}
	var refused error
	for range 2 {
		e, err := x.backend.pool.acquire(r.Context(), key, x.endpoint)
		if err != nil {
			return nil, errors.Join(refused, err)
		}
		x.take(e)
		response, err := b.transport.RoundTrip(sentTo(r, e))
		if refused = err; !errors.As(err, new(unreachable)) {
			return response, err
		}
	}
	return nil, refused
}

// take makes e the exchange's endpoint: its draining cuts the request, and the
// request is counted until the exchange ends.
func (x *exchange) take(e *endpoint) {
	x.release()
	keep := context.AfterFunc(e.cut, func() { x.cut(errDrained) })
	x.endpoint = e
	x.release = func() {
		keep()
		x.backend.pool.release(e)
	}
}

func sentTo(r *http.Request, e *endpoint) *http.Request {
	out := r.WithContext(r.Context())
	url := *r.URL
	url.Host = e.address.String()
	out.URL = &url
	if r.Body != nil {
		out.Body = io.NopCloser(r.Body) // a second try needs it; the proxy closes it
	}
	return out
}

package loadbalancer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Dial opens the connection to an endpoint; it is net.Dialer's DialContext unless
// another function replaces it, for example to enforce NetworkPolicies.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Options are what a load balancer is made with and cannot change later.
type Options struct {
	// Address is where HTTPS is served; port 0 takes a free one.
	Address netip.AddrPort
	// PlainAddress is where HTTP is served while Config.PlainHTTP allows it;
	// invalid means never.
	PlainAddress netip.AddrPort
	// Issue makes the certificates. Required.
	Issue Issue
	// DefaultClient is who a loopback peer is without the X-Local-Client header. Its
	// IP is the peer's own when it is not valid. An empty region is an unknown one.
	DefaultClient Client
	// LogFile receives the request log, one JSON object a line; empty means none.
	LogFile string
	// Project is the Google Cloud project named in the request log.
	Project string
	// Keep is how many of the latest requests Recent returns; 0 means 500.
	Keep int
	// Grace is how long requests in flight may take when the load balancer stops; 0
	// means 10 s.
	Grace time.Duration
	// BodyTimeout is how long a client may take to send the part of the body that
	// a guard is shown; 0 means 30 s.
	BodyTimeout time.Duration
	// Dial opens connections to endpoints; nil dials directly.
	Dial Dial
	// Logger tells what the load balancer does; nil is silent.
	Logger *slog.Logger
}

// LoadBalancer is a running load balancer. It is safe for concurrent use.
type LoadBalancer struct {
	options   Options
	address   netip.AddrPort
	listener  net.Listener
	transport *http.Transport
	proxy     *httputil.ReverseProxy
	record    *recorder

	live context.Context // every request and goroutine ends with it
	stop context.CancelFunc
	work sync.WaitGroup

	current atomic.Pointer[snapshot]

	mu           sync.Mutex // guards what follows: one Update at a time
	closed       bool
	pools        map[string]*pool
	certificates map[string]*tls.Certificate
	plain        *plainServer
}

// connectTimeout is how long an endpoint may take to accept a connection. A dropped
// packet is never answered, and net/http continues to connect after the request has
// ended.
const connectTimeout = 10 * time.Second

func withConnectTimeout(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		return dial(ctx, network, address)
	}
}

// New opens the load balancer's address; a port that is taken is an error that names
// it. Nothing is served until Serve is called, which also releases everything
// when it ends.
func New(o Options) (*LoadBalancer, error) {
	if o.Issue == nil {
		return nil, errors.New("the load balancer needs Options.Issue to make its certificates")
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	o.Dial = withConnectTimeout(o.Dial)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BodyTimeout <= 0 {
		o.BodyTimeout = 30 * time.Second
	}
	if o.Grace <= 0 {
		o.Grace = 10 * time.Second
	}
	record, err := newRecorder(o)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.Address.String())
	if err != nil {
		_ = record.close()
		return nil, fmt.Errorf("open the load balancer at %s: %w", o.Address, err)
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the load balancer's address: %w", err), listener.Close(), record.close())
	}
	f := &LoadBalancer{
		options: o, address: address, listener: listener, record: record,
		transport: newTransport(o.Dial),
		pools:     map[string]*pool{}, certificates: map[string]*tls.Certificate{},
	}
	f.live, f.stop = context.WithCancel(context.Background())
	f.proxy = f.newProxy()
	f.current.Store(&snapshot{routes: &routes{}})
	return f, nil
}

// Address is where HTTPS is served.
func (f *LoadBalancer) Address() netip.AddrPort { return f.address }

// Recent returns the latest requests, the newest first, whether or not they were
// sampled for the log.
func (f *LoadBalancer) Recent() []LogEntry { return f.record.recent() }

package pluginpreview

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/host/certificate"
)

// headerTimeout bounds how long a request's headers may take.
const headerTimeout = 10 * time.Second

// Proxy is an HTTPS proxy that forwards nothing: it terminates TLS for every
// requested host, with a certificate of the run's own authority, and answers the
// requests itself. It is safe for concurrent use.
type Proxy struct {
	// Requests records what was requested.
	Requests *Requests

	authority *certificate.Authority
	answer    Answer
	listener  net.Listener
	tlsConns  *connListener
	servers   []*http.Server
	ended     sync.WaitGroup

	mu           sync.Mutex
	certificates map[string]*tls.Certificate
}

// Answer returns the response body, which is sent as JSON, nil for what does not exist, and
// false for a request that is refused.
type Answer func(method, host, path string) (any, bool)

// StartProxy starts a proxy at a free port of 127.0.0.1.
func StartProxy(authority *certificate.Authority, answer Answer) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Proxy{
		Requests: newRequests(), authority: authority, answer: answer, listener: listener,
		tlsConns: newConnListener(listener.Addr()), certificates: map[string]*tls.Certificate{},
	}
	quiet := log.New(io.Discard, "", 0) // a failed handshake is listed as a connection without a request
	serve := func(l net.Listener, h http.HandlerFunc) {
		server := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ErrorLog: quiet}
		d.servers = append(d.servers, server)
		d.ended.Go(func() { _ = server.Serve(l) }) // ends with Close
	}
	serve(listener, d.connect)
	serve(d.tlsConns, d.respond)
	return d, nil
}

// URL is the proxy's address in the form of HTTPS_PROXY.
func (d *Proxy) URL() string { return "http://" + d.listener.Addr().String() }

// Close stops the proxy and returns when its servers have ended.
func (d *Proxy) Close() {
	for _, server := range d.servers {
		_ = server.Close() // only connections are left, and nobody needs them
	}
	d.ended.Wait()
}

// connect takes a client's connection over and speaks TLS on it.
func (d *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		d.Requests.refuse(r.Method, r.URL.Host, r.URL.Path)
		http.Error(w, "no call leaves this machine", http.StatusForbidden)
		return
	}
	d.Requests.open(r.Host)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the client is gone
	}
	_ = conn.SetDeadline(time.Time{}) // a closed one fails below
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	d.tlsConns.deliver(tls.Server(conn, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return d.certificate(host)
		},
	}))
}

func (d *Proxy) certificate(host string) (*tls.Certificate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if made, found := d.certificates[host]; found {
		return made, nil
	}
	made, err := d.authority.Issue([]string{host}, nil)
	if err != nil {
		return nil, err
	}
	d.certificates[host] = &made
	return &made, nil
}

// connListener is a net.Listener for connections that were accepted elsewhere.
type connListener struct {
	address net.Addr
	conns   chan net.Conn
	closing context.Context
	close   context.CancelFunc
}

func newConnListener(address net.Addr) *connListener {
	ctx, cancel := context.WithCancel(context.Background())
	return &connListener{address: address, conns: make(chan net.Conn), closing: ctx, close: cancel}
}

func (h *connListener) deliver(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.closing.Done():
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (h *connListener) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closing.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *connListener) Close() error {
	h.close()
	return nil
}

// Addr implements net.Listener.
func (h *connListener) Addr() net.Addr { return h.address }

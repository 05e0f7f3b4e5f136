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

// reading bounds how long a request's headers may take.
const reading = 10 * time.Second

// Door is an HTTPS proxy that lets nothing through: it speaks TLS for whatever
// host is asked for, with a certificate of the run's own authority, and gives
// the answers itself. It is safe for concurrent use.
type Door struct {
	// Asked is what was asked for.
	Asked *Asked

	authority *certificate.Authority
	answer    Answer
	listener  net.Listener
	inside    *handed
	servers   []*http.Server
	ended     sync.WaitGroup

	mu           sync.Mutex
	certificates map[string]*tls.Certificate
}

// Answer returns what a request gets as JSON, and false for a request that has
// no answer here.
type Answer func(method, host, path string) (any, bool)

// OpenDoor opens a door at a free port of 127.0.0.1.
func OpenDoor(authority *certificate.Authority, answer Answer) (*Door, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Door{
		Asked: newAsked(), authority: authority, answer: answer, listener: listener,
		inside: newHanded(listener.Addr()), certificates: map[string]*tls.Certificate{},
	}
	quiet := log.New(io.Discard, "", 0) // a failed handshake is a connection without a request, and told as such
	serve := func(l net.Listener, h http.HandlerFunc) {
		server := &http.Server{Handler: h, ReadHeaderTimeout: reading, ErrorLog: quiet}
		d.servers = append(d.servers, server)
		d.ended.Go(func() { _ = server.Serve(l) }) // ends with Close
	}
	serve(listener, d.connect)
	serve(d.inside, d.respond)
	return d, nil
}

// URL is the door as HTTPS_PROXY takes it.
func (d *Door) URL() string { return "http://" + d.listener.Addr().String() }

// Close shuts the door and returns when nobody is in it.
func (d *Door) Close() {
	for _, server := range d.servers {
		_ = server.Close() // only connections are left, and nobody needs them
	}
	d.ended.Wait()
}

// connect takes a client's connection over and speaks TLS on it.
func (d *Door) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		d.Asked.refuse(r.Method, r.URL.Host, r.URL.Path)
		http.Error(w, "no call leaves this machine", http.StatusForbidden)
		return
	}
	d.Asked.open(r.Host)
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
	d.inside.hand(tls.Server(conn, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return d.certificate(host)
		},
	}))
}

func (d *Door) certificate(host string) (*tls.Certificate, error) {
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

// handed is a listener of connections that somebody else accepted.
type handed struct {
	address net.Addr
	conns   chan net.Conn
	closing context.Context
	close   context.CancelFunc
}

func newHanded(address net.Addr) *handed {
	ctx, cancel := context.WithCancel(context.Background())
	return &handed{address: address, conns: make(chan net.Conn), closing: ctx, close: cancel}
}

func (h *handed) hand(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.closing.Done():
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closing.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error {
	h.close()
	return nil
}

// Addr implements net.Listener.
func (h *handed) Addr() net.Addr { return h.address }

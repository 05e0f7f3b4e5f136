package cloudsql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	// greeting bounds the time until a client has said whom it connects as.
	greeting = 10 * time.Second
	// maxConnections bounds what one instance's proxy has open; PostgreSQL itself
	// takes fewer.
	maxConnections = 500
)

// ProxyConfig says what a proxy stands before.
type ProxyConfig struct {
	// Address is the instance's, with Port.
	Address netip.AddrPort
	// Certificate is the instance's, whose only name is the common name
	// project:instance.
	Certificate tls.Certificate
	// Clients are who signs the certificates of clients.
	Clients *x509.CertPool
	// MayLogIn tells whether IAM lets a member, such as serviceAccount:EMAIL, log in
	// to the instance now.
	MayLogIn func(member string) bool
	// Dial opens a connection to PostgreSQL for a user that has logged in by IAM, or,
	// for an empty user, for one that PostgreSQL asks for a password.
	Dial func(ctx context.Context, user string) (net.Conn, error)
	// Log is told who was refused.
	Log *slog.Logger
}

// Proxy listens before one instance. It is safe for concurrent use.
type Proxy struct {
	config   ProxyConfig
	listener net.Listener
	slots    chan struct{}

	live context.Context // until Close
	stop context.CancelFunc
	work sync.WaitGroup
}

// StartProxy listens at the address and lets clients in until Close.
func StartProxy(config ProxyConfig) (*Proxy, error) {
	listener, err := net.Listen("tcp", config.Address.String())
	if err != nil {
		return nil, fmt.Errorf("open the proxy of a Cloud SQL instance: %w", err)
	}
	p := &Proxy{config: config, listener: listener, slots: make(chan struct{}, maxConnections)}
	p.live, p.stop = context.WithCancel(context.Background())
	p.work.Go(p.accept)
	return p, nil
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() {
	p.stop()
	_ = p.listener.Close() // nothing is left to be written
	p.work.Wait()
}

func (p *Proxy) accept() {
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{p.config.Certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.config.Clients,
	}
	for {
		raw, err := p.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no file descriptor is free, for example
			p.config.Log.Warn("the proxy of Cloud SQL cannot take a connection", "error", err)
			select {
			case <-p.live.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		select {
		case p.slots <- struct{}{}:
		default:
			_ = raw.Close() // too many
			continue
		}
		p.work.Go(func() {
			defer func() { <-p.slots }()
			if err := p.serve(tls.Server(raw, config)); err != nil && p.live.Err() == nil {
				p.config.Log.Warn("the proxy of Cloud SQL refuses a connection", "at", p.config.Address.String(), "error", err)
			}
		})
	}
}

// serve carries one connection to its end.
func (p *Proxy) serve(client *tls.Conn) error {
	ctx, cancel := context.WithCancel(p.live)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = client.NetConn().Close() })()
	defer func() { _ = client.NetConn().Close() }() // the other end has all that it is given
	if err := client.SetDeadline(time.Now().Add(greeting)); err != nil {
		return err
	}
	if err := client.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("the client's certificate: %w", err)
	}
	backend := pgproto3.NewBackend(client, client)
	first, asked, err := firstMessage(client, backend)
	if err != nil {
		return err
	}
	user := loginOf(client.ConnectionState().PeerCertificates[0].Subject)
	if user != "" && asked == user && !p.config.MayLogIn(memberOf(user)) {
		backend.Send(&pgproto3.ErrorResponse{
			Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "28P01", Message: fmt.Sprintf("Cloud SQL IAM service account authentication failed for user %q", user),
		})
		return errors.Join(fmt.Errorf("%s has no permission cloudsql.instances.login", memberOf(user)), backend.Flush())
	}
	upstream, err := p.config.Dial(ctx, user)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = upstream.Close() })()
	defer func() { _ = upstream.Close() }()
	if _, err := upstream.Write(first); err != nil {
		return fmt.Errorf("pass on the client's first message: %w", err)
	}
	if err := client.SetDeadline(time.Time{}); err != nil {
		return err
	}
	p.relay(client, upstream)
	return nil
}

// firstMessage reads what PostgreSQL's protocol begins with, and the user it names. A
// client that requests encryption inside of the encrypted connection is refused it.
func firstMessage(client io.Writer, backend *pgproto3.Backend) (encoded []byte, user string, err error) {
	const tries = 3 // both kinds of encryption, and the start
	for range tries {
		message, err := backend.ReceiveStartupMessage()
		if err != nil {
			return nil, "", fmt.Errorf("read the client's first message: %w", err)
		}
		switch m := message.(type) {
		case *pgproto3.StartupMessage:
			encoded, err := m.Encode(nil)
			return encoded, m.Parameters["user"], err
		case *pgproto3.CancelRequest:
			encoded, err := m.Encode(nil)
			return encoded, "", err
		}
		if _, err := client.Write([]byte("N")); err != nil {
			return nil, "", err
		}
	}
	return nil, "", errors.New("the client asks for encryption again and again")
}

// relay passes everything on until one side ends.
func (p *Proxy) relay(client, upstream net.Conn) {
	p.work.Go(func() {
		_, _ = io.Copy(upstream, client) // however it ends, it is over
		_ = upstream.Close()
	})
	_, _ = io.Copy(client, upstream)
	_ = client.Close()
}

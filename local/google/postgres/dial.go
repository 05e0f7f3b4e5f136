package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	// dialTimeout bounds opening a connection, TLS included.
	dialTimeout = 5 * time.Second
	// clientLifetime is how long the certificate of a connection is valid: it is shown
	// once.
	clientLifetime = time.Minute
)

// Dial opens a connection over TLS, as the instance's proxy does, before any message of
// PostgreSQL's protocol. Who has logged in by IAM is named by user: PostgreSQL then lets
// that user in without a password, and no other IAM user. With an empty user it requires
// a password.
func (s *Server) Dial(ctx context.Context, user string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	config, err := s.clientConfig(user)
	if err != nil {
		return nil, err
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.config.Address.String())
	if err != nil {
		return nil, fmt.Errorf("connect to the instance %s: %w", s.config.Name, err)
	}
	conn := tls.Client(raw, config)
	if err = askForTLS(raw); err == nil {
		err = conn.HandshakeContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start TLS with the instance %s: %w", s.config.Name, err), raw.Close())
	}
	return conn, nil
}

func (s *Server) clientConfig(user string) (*tls.Config, error) {
	chain := s.config.Certificate.Certificate
	authority, err := x509.ParseCertificate(chain[len(chain)-1])
	if err != nil {
		return nil, fmt.Errorf("read the authority of the instance %s: %w", s.config.Name, err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	config := &tls.Config{RootCAs: roots, ServerName: s.config.Address.Addr().String(), MinVersion: tls.VersionTLS12}
	if user != "" {
		own, err := s.proxy.IssueClient(user, clientLifetime)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// askForTLS says that TLS follows, as PostgreSQL wants it before a handshake
// (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL).
func askForTLS(conn net.Conn) error {
	request, err := (&pgproto3.SSLRequest{}).Encode(nil)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	answer := []byte{0}
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return fmt.Errorf("it answers %q", answer)
	}
	return conn.SetDeadline(time.Time{})
}

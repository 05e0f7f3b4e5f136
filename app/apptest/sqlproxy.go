package apptest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgproto3"
)

// accept lets clients in until the listener is closed.
func (s *CloudSQL) accept(config *tls.Config) {
	for {
		raw, err := s.proxy.Accept()
		if err != nil {
			return
		}
		s.open.Store(raw, nil)
		s.relays.Go(func() {
			defer s.open.Delete(raw)
			defer raw.Close()
			// A client that is refused has been told so; the test looks at that.
			_ = s.relay(tls.Server(raw, config))
		})
	}
}

func (s *CloudSQL) stop() {
	s.proxy.Close()
	s.open.Range(func(conn, _ any) bool {
		conn.(net.Conn).Close()
		return true
	})
	s.relays.Wait()
}

// relay checks the client's certificate and the role that it asks for, and connects it
// to PostgreSQL, which trusts the proxy where the certificate stands for the role.
func (s *CloudSQL) relay(client *tls.Conn) error {
	if err := client.Handshake(); err != nil {
		return err
	}
	backend := pgproto3.NewBackend(client, client)
	message, err := backend.ReceiveStartupMessage()
	if err != nil {
		return err
	}
	startup, ok := message.(*pgproto3.StartupMessage)
	if !ok {
		return fmt.Errorf("%T in place of a start", message)
	}
	login := Login{User: startup.Parameters["user"], IAM: s.mayLogIn(client.ConnectionState().PeerCertificates[0])}
	if isIAM(login.User) && !login.IAM {
		backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28000", Message: fmt.Sprintf("Cloud SQL IAM service account authentication failed for user %q", login.User)})
		return backend.Flush()
	}
	upstream, err := net.Dial("unix", filepath.Join(s.postgres.dir, ".s.PGSQL."+s.postgres.port))
	if err != nil {
		return err
	}
	defer upstream.Close()
	first, err := startup.Encode(nil)
	if err != nil {
		return err
	}
	if _, err := upstream.Write(first); err != nil {
		return err
	}
	s.mu.Lock()
	s.logins = append(s.logins, login)
	s.mu.Unlock()
	s.relays.Go(func() {
		_, _ = io.Copy(upstream, client)
		upstream.Close()
	})
	_, err = io.Copy(client, upstream)
	return err
}

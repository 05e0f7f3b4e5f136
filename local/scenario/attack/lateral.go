package attack

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// oldTLS offers the load balancer nothing newer than a version, or nothing better
// than some cipher suites.
func oldTLS(newest uint16, suites ...uint16) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		dialer := tls.Dialer{Config: &tls.Config{
			RootCAs: t.Roots, ServerName: t.LicenseHost, MinVersion: tls.VersionTLS10, MaxVersion: newest, CipherSuites: suites,
		}}
		connection, err := dialer.DialContext(ctx, "tcp", t.Edge.String())
		if err == nil {
			return Finding{Rule: "the handshake succeeded", Status: "connected"}, connection.Close()
		}
		// The standard library gives a peer's alert no type of its own.
		var refused *net.OpError
		if !errors.As(err, &refused) || refused.Op != "remote error" {
			return Finding{}, fmt.Errorf("do the TLS handshake with the load balancer: %w", err)
		}
		return Finding{Layer: layer.Network, Rule: "TLS policy", Why: refused.Err.Error(), Status: strings.TrimPrefix(refused.Err.Error(), "tls: ")}, nil
	}
}

// redis says something to Redis and looks at its answer. Nothing but a
// well-meaning answer counts as getting through.
func redis(encrypted bool, words string) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		connection, err := t.dial(ctx, t.Redis, encrypted)
		if err != nil {
			return Finding{}, fmt.Errorf("connect to Redis: %w", err)
		}
		defer func() { _ = connection.Close() }() // nothing was written that matters
		if err := connection.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
			return Finding{}, fmt.Errorf("talk to Redis: %w", err)
		}
		if _, err := io.WriteString(connection, words+"\r\n"); err != nil {
			return Finding{}, fmt.Errorf("talk to Redis: %w", err)
		}
		line, err := bufio.NewReader(connection).ReadString('\n')
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "-"):
			refusal, _, _ := strings.Cut(line[1:], " ")
			return Finding{Layer: layer.Data, Rule: refusal, Why: line[1:], Status: refusal}, nil
		case strings.HasPrefix(line, "+"), strings.HasPrefix(line, "$"), strings.HasPrefix(line, "*"), strings.HasPrefix(line, ":"):
			return Finding{Rule: line, Status: "answered"}, nil
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
			return Finding{Layer: layer.Data, Rule: "TLS only", Why: "Redis hung up on plain text", Status: "closed"}, nil
		default:
			return Finding{}, fmt.Errorf("read the answer of Redis %q: %w", line, err)
		}
	}
}

func (t *Target) dial(ctx context.Context, address string, encrypted bool) (net.Conn, error) {
	if encrypted {
		return (&tls.Dialer{Config: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{Timeout: answerTimeout}).DialContext(ctx, "tcp", address)
}

// sql logs in to PostgreSQL with a password that was guessed.
func sql(encrypted bool, user string) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		config, err := pgx.ParseConfig("postgres://" + user + ":guessed@" + t.SQL + "/licenses?sslmode=disable")
		if err != nil {
			return Finding{}, fmt.Errorf("connect to PostgreSQL: %w", err)
		}
		if encrypted {
			config.TLSConfig = &tls.Config{RootCAs: t.SQLRoots, ServerName: config.Host, MinVersion: tls.VersionTLS12}
		}
		connection, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return Finding{Rule: "logged in as " + user, Status: "connected"}, connection.Close(ctx)
		}
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			return Finding{}, fmt.Errorf("connect to PostgreSQL: %w", err)
		}
		return Finding{Layer: layer.Data, Rule: refused.Code, Why: refused.Message, Status: "SQLSTATE " + refused.Code}, nil
	}
}

// unavailable tells a service that takes encrypted connections only from one that
// is down, which proves nothing.
func (t *Target) unavailable(ctx context.Context, encrypted bool, refusal *status.Status) (Finding, error) {
	connection, err := t.dial(ctx, t.KMS, true)
	if err == nil {
		err = connection.Close()
	}
	if encrypted || err != nil {
		return Finding{}, fmt.Errorf("the key management service does not answer: %s", refusal.Message())
	}
	return Finding{Layer: layer.Data, Rule: "TLS only", Why: refusal.Message(), Status: "closed"}, nil
}

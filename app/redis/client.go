// Package redis keeps the live seats: who holds a lease right now. Every decision
// is one Lua script, so it is atomic, and uses the Redis server's clock.
//
// All keys of a licence share one hash tag. The state remembers the server process (`run_id`) and the
// history of data (`master_replid`) that it was loaded in; state found by another process, or in another
// history, is stale (a restored snapshot, a promoted replica) and is loaded again from the ledger.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Options say how to reach the server.
type Options struct {
	// Address is host:port.
	Address string
	// CA is the PEM bundle that signs the server's certificate; empty means no TLS,
	// which only a loopback address may use.
	CA string
	// Password is the server's AUTH string.
	Password string
	// PoolSize bounds the connections; 0 means 64.
	PoolSize int
}

// Observe is called after every command with its name, its duration, and whether it
// failed.
type Observe func(operation string, took time.Duration, err error)

// Open returns a client. It does not connect yet, so that the service starts even
// while the server is away.
func Open(o Options) (*goredis.Client, error) {
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("the Redis address %q is not host:port: %w", o.Address, err)
	}
	options := &goredis.Options{
		Addr: o.Address, Password: o.Password,
		DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
		// The library dials five times by default; a client would learn only at the
		// end of its request that the server drops packets. Twice is for a lost one.
		DialerRetries: 2,
		PoolSize:      64, PoolTimeout: time.Second, ContextTimeoutEnabled: true,
		MaxRetries: 1, MinRetryBackoff: 5 * time.Millisecond, MaxRetryBackoff: 50 * time.Millisecond,
		DisableIdentity: true,
	}
	if o.PoolSize > 0 {
		options.PoolSize = o.PoolSize
	}
	if o.CA != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, errors.New("the CA for Redis holds no PEM certificate")
		}
		// The certificate names the address, as Google's sample relies on:
		// https://cloud.google.com/memorystore/docs/redis/in-transit-encryption-code-sample
		options.TLSConfig = &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	}
	return goredis.NewClient(options), nil
}

// unavailable wraps an error of the connection or the server.
func unavailable(err error) error {
	return app.Unavailable("store of live seats", err)
}

// Ping reports whether the server answers and takes writes: a replica does not, which a primary
// is after a failover (redis.io/docs/latest/commands/info).
func Ping(ctx context.Context, client *goredis.Client) error {
	pipe := client.Pipeline()
	ping, replication := pipe.Ping(ctx), pipe.Info(ctx, "replication")
	// Each command has its own error.
	_, _ = pipe.Exec(ctx)
	if err := errors.Join(ping.Err(), replication.Err()); err != nil {
		return unavailable(err)
	}
	if !strings.Contains(replication.Val(), "role:master") {
		return unavailable(errors.New("the server is a replica, which takes no writes"))
	}
	return nil
}

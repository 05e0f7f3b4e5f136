package apptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
)

// Redis is a real server.
type Redis struct {
	Address string
	CA      string

	port string
	dir  string
	tls  authority
	child
}

// StartRedis starts a server with TLS and AUTH and the configuration of the stack,
// and stops it at the test's end.
func StartRedis(tb testing.TB) *Redis {
	tb.Helper()
	dir := tb.TempDir()
	r := &Redis{port: strconv.Itoa(port.Free(tb)), dir: dir, tls: newAuthority(tb, dir)}
	r.Address, r.CA = "127.0.0.1:"+r.port, r.tls.CA
	r.Start(tb)
	tb.Cleanup(func() { r.stop(tb, syscall.SIGTERM) })
	return r
}

// Start starts the server again after Kill or Stop; it reads its last snapshot.
func (r *Redis) Start(tb testing.TB) {
	tb.Helper()
	r.child = *start(tb, find(tb, "redis-server", "redis-server"), "--port", "0", "--tls-port", r.port, "--bind", "127.0.0.1",
		"--tls-cert-file", r.tls.certFile, "--tls-key-file", r.tls.keyFile, "--tls-auth-clients", "no",
		"--requirepass", Password, "--dir", r.dir, "--save", "", "--maxmemory-policy", "noeviction")
	client := r.Client()
	defer client.Close()
	r.await(tb, "Redis", func() error { return client.Ping(context.Background()).Err() })
}

// Kill ends the server at once.
func (r *Redis) Kill(tb testing.TB) { tb.Helper(); r.stop(tb, syscall.SIGKILL) }

// PID is the server's process.
func (r *Redis) PID() int { return r.command.Process.Pid }

// Client returns a client that may do everything.
func (r *Redis) Client() *goredis.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(r.CA))
	// A busy machine answers late, and what a test does may not fail because of that.
	const timeout = 30 * time.Second
	return goredis.NewClient(&goredis.Options{
		Addr: r.Address, Password: Password, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, DisableIdentity: true,
		TLSConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	})
}

// Flush empties the server, as an accident would.
func (r *Redis) Flush(tb testing.TB) {
	tb.Helper()
	client := r.Client()
	defer client.Close()
	require.NoError(tb, client.FlushAll(context.Background()).Err())
}

// Snapshot writes everything to disk, to be read at the next Start.
func (r *Redis) Snapshot(tb testing.TB) {
	tb.Helper()
	client := r.Client()
	defer client.Close()
	require.NoError(tb, client.Save(context.Background()).Err())
}

// Used is how many bytes of memory the server uses.
func (r *Redis) Used(tb testing.TB) int {
	tb.Helper()
	client := r.Client()
	defer client.Close()
	info, err := client.Info(context.Background(), "memory").Result()
	require.NoError(tb, err)
	found := regexp.MustCompile(`used_memory:(\d+)`).FindStringSubmatch(info)
	require.NotNil(tb, found)
	used, err := strconv.Atoi(found[1])
	require.NoError(tb, err)
	return used
}

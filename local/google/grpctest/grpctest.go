// Package grpctest serves gRPC APIs in memory, for tests, as net/http/httptest
// does for HTTP.
package grpctest

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// buffer is how much a connection holds that nobody has read yet, in bytes.
const buffer = 1 << 20

// Serve serves what register adds until the test ends, and returns a connection
// to it.
func Serve(t *testing.T, register func(grpc.ServiceRegistrar), options ...grpc.ServerOption) *grpc.ClientConn {
	t.Helper()
	listener, server := bufconn.Listen(buffer), grpc.NewServer(options...)
	register(server)
	ended := make(chan error, 1)
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) { // the test ended before this began
			err = nil
		}
		ended <- err
	}()
	conn, err := grpc.NewClient(
		"passthrough:memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, conn.Close())
		server.Stop()
		assert.NoError(t, <-ended)
	})
	return conn
}

package daemon

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
)

func TestAServerThatIsStoppedBeforeItServesIsNoFailure(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	server.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	group, ctx := errgroup.WithContext(ctx)
	run(ctx, group, server, listener)
	require.NoError(t, group.Wait())
}

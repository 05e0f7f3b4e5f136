package redis_test

import (
	"encoding/pem"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/redis"
)

func TestAServerThatNeverAnswersIsDialledTwiceAndNoMore(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var dialled atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		var silent []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				for _, c := range silent {
					_ = c.Close()
				}
				return
			}
			dialled.Add(1)
			silent = append(silent, conn)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); await.Receive(t, done) })

	other := httptest.NewTLSServer(nil)
	t.Cleanup(other.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})
	client, err := redis.Open(redis.Options{Address: listener.Addr().String(), CA: string(ca)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })

	require.Error(t, redis.Ping(t.Context(), client))
	assert.EqualValues(t, 2, dialled.Load(), "a request has 8 seconds for everything")
}

func TestConnectionsAndRetriesAreBounded(t *testing.T) {
	t.Parallel()
	for given, want := range map[int]int{0: 64, 5: 5} {
		client, err := redis.Open(redis.Options{Address: "127.0.0.1:6379", PoolSize: given})
		require.NoError(t, err)
		assert.Equal(t, want, client.Options().PoolSize)
		assert.Equal(t, 1, client.Options().MaxRetries)
		assert.Equal(t, []time.Duration{5 * time.Millisecond, 50 * time.Millisecond}, []time.Duration{client.Options().MinRetryBackoff, client.Options().MaxRetryBackoff})
		require.NoError(t, client.Close())
	}
}

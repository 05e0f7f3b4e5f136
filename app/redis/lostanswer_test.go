package redis_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// losing passes connections on to a server, and when it is told to, loses the server's next answer,
// with the connection.
type losing struct {
	address string
	next    atomic.Bool
	lost    atomic.Int32
}

func newLosing(t *testing.T, to string) *losing {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &losing{address: listener.Addr().String()}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			group.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
			group.Go(func() { l.answers(in, out) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); group.Wait() })
	return l
}

func (l *losing) answers(client, server net.Conn) {
	defer func() { _ = client.Close(); _ = server.Close() }()
	buffer := make([]byte, 16<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if l.next.CompareAndSwap(true, false) {
			l.lost.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func TestARequestWhoseClaimIsSentTwiceIsNotTakenForAnotherOne(t *testing.T) {
	t.Parallel()
	server := apptest.StartRedis(t)
	l := newLosing(t, server.Address)
	client, err := redis.Open(redis.Options{Address: l.address, CA: server.CA, Password: apptest.Password})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	answers := redis.NewAnswers(client, func(string, time.Duration, error) {})
	ada := app.Principal{Tenant: "demo", User: "ada"}
	require.NoError(t, client.Ping(t.Context()).Err())

	earlier, err := answers.Begin(t.Context(), ada, "another key", "take a seat")
	require.NoError(t, err, "the server knows the script")
	assert.Nil(t, earlier)

	l.next.Store(true)
	earlier, err = answers.Begin(t.Context(), ada, "key", "take a seat")
	require.NoError(t, err, "it was the first, though Redis was told twice")
	assert.Nil(t, earlier)
	assert.EqualValues(t, 1, l.lost.Load())
	_, err = answers.Begin(t.Context(), ada, "key", "take a seat")
	assert.Equal(t, app.CodeIdempotencyBusy, app.CodeOf(err), "another one waits")
}

func TestARebuildWhoseBeginningIsSentTwiceIsNotTakenForAnotherOne(t *testing.T) {
	t.Parallel()
	server := apptest.StartRedis(t)
	l := newLosing(t, server.Address)
	client, err := redis.Open(redis.Options{Address: l.address, CA: server.CA, Password: apptest.Password})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	_, err = seats.Begin(t.Context(), license("acme", "other", 1).Ref())
	require.NoError(t, err, "the server knows the script")

	l.next.Store(true)
	rebuild, err := seats.Begin(t.Context(), license("acme", "ide", 1).Ref())
	require.NoError(t, err, "it was the first, though Redis was told twice")
	assert.EqualValues(t, 1, l.lost.Load())
	_, err = seats.Begin(t.Context(), license("acme", "ide", 1).Ref())
	assert.ErrorIs(t, err, app.ErrBusy, "another one waits")
	assert.NoError(t, seats.Load(t.Context(), rebuild, license("acme", "ide", 1)))
}

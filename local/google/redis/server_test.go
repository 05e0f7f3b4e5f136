package redis_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

const password = "a \"strange\" \\ pass'word #é"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fixture struct {
	authority *certificate.Authority
	config    redis.Config
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	require.NoError(t, redis.Installed())
	log := slog.New(slog.DiscardHandler)
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	supervisor, err := process.NewSupervisor(t.TempDir(), log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	address := port.Address(t)
	leaf, err := authority.Issue(nil, []netip.Addr{address.Addr()})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "what is no pattern: [a] *?")
	return fixture{authority, redis.Config{
		Name: "redis", Dir: dir, LogPath: filepath.Join(dir, "redis.log"), Address: address, Certificate: leaf, Password: password, MemoryMiB: 64,
		Configs:    map[string]string{"maxmemory-policy": "noeviction", "notify-keyspace-events": "Ex"},
		Supervisor: supervisor, Log: log,
	}}
}

func (w fixture) start(t *testing.T) *redis.Server {
	t.Helper()
	s, err := redis.Start(t.Context(), w.config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	return s
}

func (w fixture) client(t *testing.T, password string, secure bool) *client.Client {
	t.Helper()
	options := &client.Options{Addr: w.config.Address.String(), Password: password, MaxRetries: -1, DialTimeout: await.Limit, ReadTimeout: await.Limit}
	if secure {
		options.TLSConfig = &tls.Config{RootCAs: w.authority.Pool(), ServerName: w.config.Address.Addr().String()}
	}
	c := client.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAnInstanceKeepsItsDataThroughARestart(t *testing.T) {
	w := newFixture(t)
	began := time.Now()
	s := w.start(t)
	t.Logf("first start: %s, Redis %s", time.Since(began), s.Version())
	ctx := t.Context()
	require.NoError(t, w.client(t, password, true).Set(ctx, "lease", "held", time.Hour).Err())

	require.NoError(t, s.Stop(ctx))
	began = time.Now()
	w.start(t)
	t.Logf("second start: %s", time.Since(began))

	c := w.client(t, password, true)
	assert.Equal(t, "held", c.Get(ctx, "lease").Val())
	assert.Greater(t, c.TTL(ctx, "lease").Val(), 59*time.Minute)
}

func TestWhoHasNoPasswordOrNoTLSIsRefused(t *testing.T) {
	w := newFixture(t)
	w.start(t)
	ctx := t.Context()
	require.NoError(t, w.client(t, password, true).Ping(ctx).Err())
	assert.ErrorContains(t, w.client(t, "wrong", true).Ping(ctx).Err(), "WRONGPASS")
	assert.ErrorContains(t, w.client(t, "", true).Ping(ctx).Err(), "NOAUTH")
	assert.Error(t, w.client(t, password, false).Ping(ctx).Err(), "there is no plaintext port")
	info, err := os.Stat(filepath.Join(w.config.Dir, "redis.conf"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds the password")
}

func TestDeclaredSettingsApplyAndReturnToTheirDefaults(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	c := w.client(t, password, true)
	setting := func(name string) string { return c.ConfigGet(ctx, name).Val()[name] }
	assert.Equal(t, "noeviction", setting("maxmemory-policy"))
	assert.Equal(t, "xE", setting("notify-keyspace-events"))
	assert.Equal(t, fmt.Sprint(64<<20), setting("maxmemory"))
	events := c.PSubscribe(ctx, "__keyevent@0__:expired")
	defer events.Close()
	_, err := events.Receive(ctx)
	require.NoError(t, err)
	require.NoError(t, c.Set(ctx, "seat", 1, time.Millisecond).Err())
	message, err := events.ReceiveMessage(ctx)
	require.NoError(t, err)
	assert.Equal(t, "seat", message.Payload)

	require.NoError(t, s.SetConfigs(ctx, map[string]string{"lfu-log-factor": "7", "maxmemory-gb": "0.5"}))

	assert.Equal(t, "volatile-lru", setting("maxmemory-policy"), "Memorystore's default")
	assert.Equal(t, "7", setting("lfu-log-factor"))
	assert.Equal(t, fmt.Sprint(512<<20), setting("maxmemory"))
}

func TestSettingsThatMemorystoreDoesNotTakeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		configs map[string]string
		says    string
	}{
		"one that it manages itself": {map[string]string{"appendonly": "yes"}, "redisConfigs.appendonly: Memorystore does not take"},
		"an unknown policy":          {map[string]string{"maxmemory-policy": "lru"}, "noeviction"},
		"an unknown event":           {map[string]string{"notify-keyspace-events": "Q"}, "letters out of"},
		"a size that is none":        {map[string]string{"maxmemory-gb": "-1"}, "above 0"},
		"a number that is none":      {map[string]string{"lfu-decay-time": "soon"}, "a whole number"},
	} {
		_, err := redis.Start(t.Context(), redis.Config{Configs: c.configs})
		assert.ErrorContains(t, err, c.says, name)
	}
}

func TestATakenAddressIsAnErrorThatQuotesTheServer(t *testing.T) {
	w := newFixture(t)
	listener, err := net.Listen("tcp", w.config.Address.String())
	require.NoError(t, err)
	defer listener.Close()
	_, err = redis.Start(t.Context(), w.config)
	assert.ErrorContains(t, err, "Address already in use")
}

func TestAnInstanceIsFilledAndGetsItsMemoryBack(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	c := w.client(t, password, true)
	require.NoError(t, c.Set(ctx, "seat", "held", 0).Err())
	share := func() float64 {
		used, limit, err := s.Memory(ctx)
		require.NoError(t, err)
		return used / limit
	}
	require.NoError(t, s.Fill(ctx))
	assert.InDelta(t, 0.9, share(), 0.07)
	require.NoError(t, c.Set(ctx, "another", "seat", 0).Err(), "it is not full")
	keys, err := c.Keys(ctx, "rehearsal:*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	assert.Positive(t, c.TTL(ctx, keys[0]).Val(), "what fills it ends by itself")

	require.NoError(t, s.Empty(ctx))
	assert.Equal(t, fmt.Sprint(64<<20), c.ConfigGet(ctx, "maxmemory").Val()["maxmemory"])
	assert.Equal(t, "noeviction", c.ConfigGet(ctx, "maxmemory-policy").Val()["maxmemory-policy"])
	assert.Equal(t, "held", c.Get(ctx, "seat").Val())
	assert.Empty(t, c.Keys(ctx, "rehearsal:*").Val())
}

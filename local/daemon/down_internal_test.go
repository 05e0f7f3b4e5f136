package daemon

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// TestStoresAreKeptDownUntilTheyAreHealed runs a real Redis and a real PostgreSQL.
func TestStoresAreKeptDownUntilTheyAreHealed(t *testing.T) {
	t.Parallel()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	supervisor, err := process.NewSupervisor(filepath.Join(dir, "run"), log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	authority, err := certificate.LoadOrCreate(dir)
	require.NoError(t, err)
	c := &caches{dir: filepath.Join(dir, "redis"), logs: dir, authority: authority, supervisor: supervisor, log: log, running: map[string]*redis.Server{}}
	d := &databases{dir: filepath.Join(dir, "postgres"), logs: dir, supervisor: supervisor, log: log, running: map[string]*postgres.Server{}}

	cache, database := port.Address(t), port.Address(t)
	for name, store := range map[string]struct {
		at     netip.AddrPort
		ensure func(context.Context) error
		fail   func(context.Context) error
		heal   func()
		stop   func(context.Context) error
	}{
		"redis":    {cache, func(ctx context.Context) error { return c.EnsureCache(ctx, "cache", cache, "secret", nil, 0) }, c.fail, c.heal, c.stop},
		"postgres": {database, func(ctx context.Context) error { return d.EnsureInstance(ctx, "project", "database", database, nil) }, d.fail, d.heal, d.stop},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			t.Cleanup(cancel)
			t.Cleanup(func() { assert.NoError(t, store.stop(context.Background())) })
			require.NoError(t, store.ensure(ctx))
			require.True(t, answers(store.at))

			require.NoError(t, store.fail(ctx))
			assert.False(t, answers(store.at))
			require.ErrorIs(t, store.ensure(ctx), errDown, "an update does not bring it back")
			assert.False(t, answers(store.at))

			store.heal()
			require.NoError(t, store.ensure(ctx))
			assert.True(t, answers(store.at))
		})
	}
}

func answers(at netip.AddrPort) bool {
	connection, err := net.DialTimeout("tcp", at.String(), time.Second)
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

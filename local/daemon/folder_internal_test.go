package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADaemonEndsWithItsFolder(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(dir string) error{
		"deleted":        os.RemoveAll,
		"moved":          func(dir string) error { return os.Rename(dir, dir+"-moved") },
		"taken over":     func(dir string) error { return Record{Token: "another"}.write(dir) },
		"left as it was": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "cloud")
			require.NoError(t, os.Mkdir(dir, 0o700))
			own := Record{Token: "own"}
			require.NoError(t, own.write(dir))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stopped := false
			d := &Daemon{options: Options{Dir: dir}, log: slog.New(slog.DiscardHandler), stop: func() { stopped = true; cancel() }}
			ticks := make(chan time.Time, 2)
			ticks <- time.Time{}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				d.watchFolder(ctx, own, ticks)
			}()
			require.Eventually(t, func() bool { return len(ticks) == 0 }, 2*time.Minute, time.Millisecond)
			if harm == nil {
				cancel()
				<-ended
				assert.False(t, stopped)
				return
			}
			require.NoError(t, harm(dir))
			ticks <- time.Time{}
			<-ended
			assert.True(t, stopped)
		})
	}
}

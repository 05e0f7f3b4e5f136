package daemon

import (
	"context"
	"errors"
	"time"
)

// folderInterval is how often the daemon looks for its folder.
const folderInterval = 2 * time.Second

// watchFolder ends the daemon when its folder is deleted or moved while it runs, at a tick
// or until ctx ends: no command would find the daemon any more, and nobody would end it.
func (d *Daemon) watchFolder(ctx context.Context, own Record, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		if present, err := read(d.options.Dir); errors.Is(err, ErrNotRunning) || err == nil && present.Token != own.Token {
			d.log.Warn("the folder is gone, or is another daemon's: everything ends", "folder", d.options.Dir)
			d.stop()
			return
		}
	}
}

package daemon

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// keptRequests is how many of the latest requests the console can search.
const keptRequests = 10_000

// keepBook writes what the history tells into the console's book until ctx ends.
func (d *Daemon) keepBook(ctx context.Context, group *errgroup.Group) {
	d.book = requestlog.NewBook(keptRequests, time.Now)
	leave := d.history.watchers.Add(d.book.Add)
	group.Go(func() error {
		<-ctx.Done()
		leave()
		return nil
	})
}

package daemon

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/local/frontdoor"
	"github.com/coditect-ai/license-platform/local/layer"
	"github.com/coditect-ai/license-platform/local/provider/gcp"
	"github.com/coditect-ai/license-platform/local/trace"
)

// Declared is how many resources of a layer the program declares.
func (s Status) Declared(number int) (count int) {
	for typ, n := range s.Resources {
		if layer.Of(typ) == number {
			count += n
		}
	}
	return count
}

// lockdownRule is the name that the program gives to the rule of a lockdown.
const lockdownRule = "armor-lockdown"

// notices tells of a lockdown by the rule that shuts the door.
func (d *Daemon) notices() []string {
	for _, r := range d.store.List(gcp.TypeSecurityPolicyRule) {
		if strings.HasSuffix(r.URN, "::"+lockdownRule) {
			return []string{"locked down: the license host is refused at the edge, nobody signs in, nothing is signed; an update without platform.lockdown ends it"}
		}
	}
	return nil
}

// stops counts the requests that each layer has stopped.
type stops struct {
	mu     sync.Mutex
	counts map[int]int
}

func (s *stops) by(number int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[number]
}

// countStops counts until ctx ends.
func (d *Daemon) countStops(ctx context.Context, group *errgroup.Group) {
	d.stopped.counts = map[int]int{}
	unwatch := d.frontDoor.Watch(func(e frontdoor.LogEntry) {
		by := trace.Of(e, func(string, int) string { return "" }).StoppedBy
		d.stopped.mu.Lock()
		defer d.stopped.mu.Unlock()
		d.stopped.counts[by]++
	})
	group.Go(func() error {
		<-ctx.Done()
		unwatch()
		return nil
	})
}

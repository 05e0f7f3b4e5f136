package app

import (
	"context"
	"sync"
)

// write prepares the grant and writes it to the ledger. A floating lease that its device
// held before is there already, and is only kept for longer: then both happen at once, since
// whichever fails leaves nothing that was not promised before.
func (s *Service) write(ctx context.Context, g *Grant, reserved Reserved, event Event, prepare func(context.Context, *Grant) error) error {
	lease := g.Lease
	record := func() error { return s.ledger.Grant(ctx, lease, reserved.Endings, event) }
	if reserved.New || lease.Kind != KindFloating {
		if err := prepare(ctx, g); err != nil {
			return err
		}
		return record()
	}
	var recorded error
	var group sync.WaitGroup
	group.Go(func() { recorded = record() })
	prepared := prepare(ctx, g)
	group.Wait()
	if recorded != nil {
		// It may say that the lease is over, and that a new one is to be taken.
		return recorded
	}
	return prepared
}

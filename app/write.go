package app

import (
	"context"
	"sync"
)

// write prepares the grant, writes it to the ledger, and confirms that the seat is still
// there afterwards. A floating lease that its device held before is there already, and is
// only kept for longer: then it is written and confirmed while the grant is prepared, since
// whichever fails leaves nothing that was not promised before.
//
// unwritten is the error of the preparation or of the ledger; held and confirmed are the
// answer and the error of the live seats.
func (s *Service) write(ctx context.Context, g *Grant, reserved Reserved, event Event, prepare func(context.Context, *Grant) error) (held bool, confirmed, unwritten error) {
	lease := g.Lease
	record := func() {
		if unwritten = s.ledger.Grant(ctx, lease, g.License.Revision, reserved.Endings, event); unwritten == nil {
			held, confirmed = s.seats.Confirm(ctx, lease, reserved.Endings)
		}
	}
	if reserved.New || reserved.Joined || lease.Kind != KindFloating {
		if err := prepare(ctx, g); err != nil {
			return false, nil, err
		}
		record()
		return held, confirmed, unwritten
	}
	var group sync.WaitGroup
	group.Go(record)
	prepared := prepare(ctx, g)
	group.Wait()
	if unwritten == nil {
		// The ledger's word goes first: it may say that the lease is over, and that a new one
		// is to be taken.
		unwritten = prepared
	}
	return held, confirmed, unwritten
}

package app

import (
	"context"
	"sync"
)

// write prepares the grant, writes it to the ledger, and then confirms that the seat is still there.
//
// A floating lease that its device held before is simpler. It has its seat already, so it is written
// while the grant is prepared: if either fails, nothing was promised that was not promised before.
// It needs no confirmation, because the ledger had it before: a rebuild gives it its seat, and an
// ending for good is in the ledger, too, or comes after. Only a lease that counts to another group
// from now on is confirmed.
//
// One that ends sooner than its holder was told before, as its licence has a shorter lease time now, is
// written and shortened only when it is prepared. A promise holds until another answer is given.
//
// unwritten is the error of the preparation or of the ledger; held and confirmed are the
// answer and the error of the live seats.
func (s *Service) write(ctx context.Context, g *Grant, reserved Reserved, event Event, prepare func(context.Context, *Grant) error) (held bool, confirmed, unwritten error) {
	lease := g.Lease
	keeps := !reserved.New && !reserved.Joined && !reserved.Shortens && lease.Kind == KindFloating
	record := func() {
		unwritten = s.ledger.Grant(ctx, lease, g.License.Revision, reserved.Endings, event)
		switch {
		case unwritten != nil:
		case keeps && len(reserved.Endings) == 0 && !reserved.Regrouped:
			held = true
		default:
			held, confirmed = s.seats.Confirm(ctx, lease, reserved.Endings)
			if confirmed != nil && reserved.Shortens && !reserved.Regrouped {
				// The seat is kept for longer, and the ledger has what is answered.
				held, confirmed = true, nil
			}
		}
	}
	if !keeps {
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

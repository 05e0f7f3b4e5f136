package credential

import (
	"container/list"
	"context"
	"errors"
	"net/netip"
	"sync"
)

// line lets a few look-ups go at a time. Waiting look-ups are done in turns, one address of a caller
// after the other: an address that sends many invented credentials waits for its own look-ups, and delays
// each other address by one look-up only.
type line struct {
	mu sync.Mutex
	// free is how many may go at once; nobody waits while it is not 0.
	free int
	// waiting is how many wait, most how many may.
	waiting, most int
	// turns are the addresses for which somebody waits (*queue), the next one first.
	turns list.List
	queue map[string]*list.Element
}

// queue is who waits for one address, the first one first.
type queue struct {
	from    string
	waiters list.List
}

// waiter gets nil when its turn has come, or why it is sent away. The channel has room for that.
type waiter chan error

// errCrowded sends those away who wait behind most others of their own address.
var errCrowded = errors.New("too many credentials wait to be checked")

func newLine(places, most int) *line {
	return &line{free: places, most: most, queue: map[string]*list.Element{}}
}

// enter waits for a place, until ctx ends. Who has got one has to leave.
func (l *line) enter(ctx context.Context, from string) error {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return nil
	}
	if l.waiting >= l.most && !l.makeRoom(from) {
		l.mu.Unlock()
		return errCrowded
	}
	turn, place, own := l.join(from)
	l.mu.Unlock()
	select {
	case err := <-turn:
		return err
	case <-ctx.Done():
	}
	l.mu.Lock()
	select {
	case err := <-turn:
		// It came in the same moment.
		l.mu.Unlock()
		if err == nil {
			l.leave()
		}
	default:
		l.remove(own, place)
		l.mu.Unlock()
	}
	return errCrowded
}

// leave gives the place to the first one of the address whose turn is next.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.turns.Front()
	if next == nil {
		l.free++
		return
	}
	l.turns.MoveToBack(next)
	l.remove(next, queueOf(next).waiters.Front()) <- nil
}

func queueOf(element *list.Element) *queue { return element.Value.(*queue) }

// join adds one who waits. l.mu is held.
func (l *line) join(from string) (turn waiter, place, own *list.Element) {
	own = l.queue[from]
	if own == nil {
		own = l.turns.PushBack(&queue{from: from})
		l.queue[from] = own
	}
	turn = make(waiter, 1)
	l.waiting++
	return turn, queueOf(own).waiters.PushBack(turn), own
}

// remove takes one out who waits. l.mu is held.
func (l *line) remove(own, place *list.Element) waiter {
	l.waiting--
	q := queueOf(own)
	turn := q.waiters.Remove(place).(waiter)
	if q.waiters.Len() == 0 {
		l.turns.Remove(own)
		delete(l.queue, q.from)
	}
	return turn
}

// makeRoom sends the last one of the address away for which most wait, unless as many would
// wait for the newcomer's. l.mu is held.
func (l *line) makeRoom(from string) bool {
	longest := l.turns.Front()
	for element := longest; element != nil; element = element.Next() {
		if queueOf(element).waiters.Len() > queueOf(longest).waiters.Len() {
			longest = element
		}
	}
	with := 1
	if own := l.queue[from]; own != nil {
		with += queueOf(own).waiters.Len()
	}
	if longest == nil || queueOf(longest).waiters.Len() <= with {
		return false
	}
	l.remove(longest, queueOf(longest).waiters.Back()) <- errCrowded
	return true
}

type addressKey struct{}

// From notes the address of who sends a credential.
func From(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// clientNetwork is what counts as one address: for IPv6 the /64 network, because a client has
// all of its addresses (RFC 4291, section 2.5.4).
func clientNetwork(ctx context.Context) string {
	text, _ := ctx.Value(addressKey{}).(string)
	address, err := netip.ParseAddr(text)
	if err != nil || address.Unmap().Is4() {
		return text
	}
	network, err := address.Prefix(64)
	if err != nil {
		return text
	}
	return network.String()
}

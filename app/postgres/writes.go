package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coditect-ai/license-platform/app"
)

// writes joins concurrent writes about the same licence into one transaction. They would wait
// for each other at the licence's row anyway; together they pay for the round trip and the disk
// once. A single write is sent at once. Writes that come while a transaction is under way form
// the next one.
type writes struct {
	ledger *Ledger

	mu sync.Mutex
	// waiting has an entry for each licence for which a transaction is under way.
	waiting map[app.LicenseRef][]*write
}

// maxTogether bounds one transaction.
const maxTogether = 64

// write is one statement that names its tenant itself.
type write struct {
	query     string
	arguments []any
	// lease is the one that it is about, the first of several.
	lease string
	// grant says that it takes the licence's row for itself, and returns a text.
	grant bool
	// refusal is what a grant returned, "" for none.
	refusal string
	// done gets one value, once it is written or not.
	done chan error
}

// do writes one and waits for its end, until ctx is done at most. A transaction that has begun
// by then may still be committed.
func (w *writes) do(ctx context.Context, ref app.LicenseRef, one *write) error {
	if err := ctx.Err(); err != nil {
		return app.Unavailable("ledger", err)
	}
	one.done = make(chan error, 1)
	w.mu.Lock()
	waiting, sending := w.waiting[ref]
	w.waiting[ref] = append(waiting, one)
	w.mu.Unlock()
	if !sending {
		go w.flush(context.WithoutCancel(ctx), ref)
	}
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
		w.withdraw(ref, one)
		return app.Unavailable("ledger", ctx.Err())
	}
}

// withdraw takes one back that is not sent yet.
func (w *writes) withdraw(ref app.LicenseRef, one *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if waiting, sending := w.waiting[ref]; sending {
		w.waiting[ref] = slices.DeleteFunc(waiting, func(other *write) bool { return other == one })
	}
}

// flush sends until nobody waits.
func (w *writes) flush(ctx context.Context, ref app.LicenseRef) {
	for {
		all := w.take(ref)
		if len(all) == 0 {
			return
		}
		w.send(ctx, all)
	}
}

// take returns those that wait, grants first: the licence's row is locked once, as much as
// any of them needs. Leases are locked in the order of their ids, which within a licence is that of
// every collation. None ends the caller's sending.
func (w *writes) take(ref app.LicenseRef) []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.waiting[ref]
	if len(waiting) == 0 {
		delete(w.waiting, ref)
		return nil
	}
	n := min(len(waiting), maxTogether)
	all := slices.Clone(waiting[:n])
	w.waiting[ref] = slices.Delete(waiting, 0, n)
	slices.SortStableFunc(all, func(a, b *write) int {
		switch {
		case a.grant == b.grant:
			return cmp.Compare(a.lease, b.lease)
		case a.grant:
			return -1
		}
		return 1
	})
	return all
}

// send writes all in one transaction. When a value cannot be stored, each of them is written alone.
func (w *writes) send(ctx context.Context, all []*write) {
	err := w.ledger.observed(ctx, "write", func(ctx context.Context) error {
		batch := &pgx.Batch{}
		for _, one := range all {
			one.queue(batch)
		}
		return w.ledger.pool.SendBatch(ctx, batch).Close()
	})
	if len(all) > 1 && ofOne(err) {
		for _, one := range all {
			w.send(ctx, []*write{one})
		}
		return
	}
	for _, one := range all {
		one.done <- err
	}
}

func (o *write) queue(batch *pgx.Batch) {
	queued := batch.Queue(o.query, o.arguments...)
	if !o.grant {
		return
	}
	queued.QueryRow(func(row pgx.Row) error {
		var refusal *string
		if err := row.Scan(&refusal); err != nil {
			return err
		}
		if o.refusal = ""; refusal != nil {
			o.refusal = *refusal
		}
		return nil
	})
}

// ofOne says that the error is about one statement's values, SQLSTATE classes 22 and 23, so that
// the others would do without it (postgresql.org/docs/15/errcodes-appendix.html).
func ofOne(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || strings.HasPrefix(refused.Code, "23"))
}

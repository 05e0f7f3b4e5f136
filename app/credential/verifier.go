// Package credential checks the service credentials of tenants, which programs send in place
// of a person's identity token.
package credential

import (
	"container/list"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/coditect-ai/license-platform/app"
)

// Store is what is asked of the ledger.
type Store interface {
	Credential(ctx context.Context, tenant, id string) (app.Credential, error)
	CredentialUsed(ctx context.Context, tenant, id string, every time.Duration) error
}

// Bounds of the memory of what was found good, and of what is asked of the ledger.
const (
	// Fresh is how long a check holds: a revocation is noticed within this time.
	Fresh = 10 * time.Second
	// stale is how long a check holds while the ledger does not answer, for heartbeats have
	// to go on: as long as a person's identity token, which nobody can take back either.
	stale = time.Hour
	// noted is how often the time of the last use is written, at most.
	noted = 5 * time.Minute
	// asked bounds the questions to the ledger that are under way, a quarter of an instance's
	// connections: who tries made-up credentials takes no more than that from others. As many
	// may be about credentials that were good before, whom nobody keeps from being checked.
	asked = 2
	// waiting is how long a question may take, with its turn, and patience how long a
	// credential that was good before waits for it.
	waiting  = 3 * time.Second
	patience = time.Second
	// later is when the ledger is asked next that did not answer.
	later    = 5 * time.Second
	maxKnown = 10_000
)

// Verifier checks credentials. Nobody finds a secret by trying, so nothing counts failures;
// what they may cost is bounded.
type Verifier struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
	// turns are for credentials that are not known, and again for those that are.
	turns, again chan struct{}
	once         singleflight.Group

	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	// order is from the longest unchecked one on.
	order *list.List
}

type remembered struct {
	credential app.Credential
	at         time.Time
	// retry is when the ledger is asked next; zero when it answered last.
	retry time.Time
}

// fresh says whether the ledger need not be asked, and usable whether it need not answer.
func (r remembered) fresh(now time.Time) bool  { return now.Sub(r.at) < Fresh }
func (r remembered) usable(now time.Time) bool { return now.Sub(r.at) < stale }

// New returns a Verifier.
func New(store Store, now func() time.Time, log *slog.Logger) *Verifier {
	return &Verifier{store: store, now: now, log: log, turns: make(chan struct{}, asked), again: make(chan struct{}, asked), known: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// Is says whether a bearer token claims to be a credential.
func Is(token string) bool { return strings.HasPrefix(token, app.CredentialPrefix) }

// Verify returns who the credential speaks for. Codes: CodeInvalidToken, and CodeUnavailable
// while the ledger does not answer.
func (v *Verifier) Verify(ctx context.Context, token string) (app.Principal, error) {
	tenant, id, ok := app.ParseCredential(token)
	if !ok {
		return app.Principal{}, invalid("the credential has not the form of one")
	}
	sum := sha256.Sum256([]byte(token))
	entry, found := v.recall(sum)
	now := v.now()
	switch {
	case found && entry.fresh(now):
		return v.principal(entry.credential)
	case found && entry.usable(now) && now.Before(entry.retry):
		return v.unchecked(entry.credential)
	}
	turns, limited := v.turns, ctx
	if found = found && entry.usable(now); found {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
		turns = v.again
	}
	// All that wait for the same answer ask once.
	answer := v.once.DoChan(string(sum[:]), func() (any, error) { return v.ask(context.WithoutCancel(ctx), turns, tenant, id, sum) })
	var err error
	select {
	case result := <-answer:
		checked, _ := result.Val.(app.Credential)
		if err = result.Err; err == nil {
			return v.principal(checked)
		}
	case <-limited.Done():
		err = app.Unavailable("ledger", limited.Err())
	}
	if found && app.CodeOf(err) == app.CodeUnavailable && ctx.Err() == nil {
		v.postpone(sum)
		return v.unchecked(entry.credential)
	}
	return app.Principal{}, err
}

// unchecked is principal for one that the ledger could not be asked about.
func (v *Verifier) unchecked(c app.Credential) (app.Principal, error) {
	who, err := v.principal(c)
	who.Unchecked = err == nil
	return who, err
}

// principal is who a credential that was checked speaks for, unless its end has come.
func (v *Verifier) principal(c app.Credential) (app.Principal, error) {
	if !c.Good(v.now()) {
		return app.Principal{}, invalid("the credential " + c.ID + " is revoked or over")
	}
	return c.Principal(), nil
}

// ask checks a credential with the ledger.
func (v *Verifier) ask(ctx context.Context, turns chan struct{}, tenant, id string, sum [sha256.Size]byte) (app.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return app.Credential{}, app.Unavailable("ledger", errors.New("too many credentials are to be checked"))
	}
	at := v.now()
	found, err := v.store.Credential(ctx, tenant, id)
	missing := app.CodeOf(err) == app.CodeCredentialNotFound
	if err != nil && !missing {
		return app.Credential{}, err
	}
	// One that there is not has a digest of zeros, which no secret has.
	if subtle.ConstantTimeCompare(found.Digest[:], sum[:]) != 1 || missing {
		v.forget(sum)
		return app.Credential{}, invalid("there is no credential " + id + " with this secret")
	}
	v.remember(sum, found, at)
	if found.Good(at) && at.Sub(found.LastUsedAt) >= noted {
		if err := v.store.CredentialUsed(ctx, tenant, id, noted); err != nil {
			v.log.WarnContext(ctx, "the last use of a credential could not be noted", "credential", id, "error", err)
		}
	}
	return found, nil
}

// invalid answers as for an identity token that is not good.
func invalid(why string) *app.Error { return app.InvalidToken(errors.New(why)) }

func (v *Verifier) recall(sum [sha256.Size]byte) (remembered, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	element, ok := v.known[sum]
	if !ok {
		return remembered{}, false
	}
	entry, ok := element.Value.(remembered)
	return entry, ok
}

// postpone lets the ledger be asked later again.
func (v *Verifier) postpone(sum [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if element, ok := v.known[sum]; ok {
		if entry, ok := element.Value.(remembered); ok {
			entry.retry = v.now().Add(later)
			element.Value = entry
		}
	}
}

func (v *Verifier) forget(sum [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, ok := v.known[sum]; ok {
		v.order.Remove(old)
		delete(v.known, sum)
	}
}

// remember keeps what was checked, also one that is revoked: only who has a secret can put
// one here.
func (v *Verifier) remember(sum [sha256.Size]byte, c app.Credential, at time.Time) {
	v.forget(sum)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[sum] = v.order.PushBack(remembered{credential: c, at: at})
	for v.order.Len() > maxKnown {
		if entry, ok := v.order.Front().Value.(remembered); ok {
			delete(v.known, entry.credential.Digest)
		}
		v.order.Remove(v.order.Front())
	}
}

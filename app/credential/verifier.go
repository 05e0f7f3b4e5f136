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

// Store is the part of the ledger that a Verifier needs.
type Store interface {
	Credential(ctx context.Context, tenant, id string) (app.Credential, error)
	CredentialUsed(ctx context.Context, tenant, id string, every time.Duration) error
}

// Bounds of what is remembered, and of the lookups in the ledger.
const (
	// Fresh is how long a check holds: a revocation is noticed within this time.
	Fresh = 10 * time.Second
	// maxStale is how long a check holds while the ledger does not answer, because heartbeats
	// have to go on: as long as a person's identity token, which cannot be revoked either.
	maxStale = time.Hour
	// useInterval is the shortest time between two writes of the last use.
	useInterval = 5 * time.Minute
	// maxLookups bounds the lookups at the same time to a quarter of an instance's connections,
	// so that a client that tries made-up credentials leaves the others to everybody else.
	// Credentials that were good before have as many lookups of their own.
	maxLookups = 2
	// maxWaiting is how many lookups of unknown credentials wait for their turn. Each waiting
	// look-up keeps a connection of its client open.
	maxWaiting = 256
	// lookupTimeout bounds a lookup, with the wait for its turn. A credential that was good
	// before waits for knownTimeout only.
	lookupTimeout = 3 * time.Second
	knownTimeout  = time.Second
	// retryAfter is how long the ledger is not asked again after a lookup that failed.
	retryAfter = 5 * time.Second
	maxKnown   = 10_000
)

// Verifier checks credentials. Nobody finds a secret by trying, so nothing counts failures;
// what they may cost is bounded.
type Verifier struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
	// lookups has a place for each lookup of an unknown credential, rechecks for each of one that
	// was good before.
	lookups, rechecks *line
	once              singleflight.Group

	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	// order begins with the credential whose last check is the longest ago.
	order *list.List
}

type remembered struct {
	credential app.Credential
	at         time.Time
	// retry is when the ledger may be asked again; zero unless the last lookup failed.
	retry time.Time
}

// fresh says whether the credential can be used without a lookup, and usable whether it can
// be used after a lookup that failed.
func (r remembered) fresh(now time.Time) bool  { return now.Sub(r.at) < Fresh }
func (r remembered) usable(now time.Time) bool { return now.Sub(r.at) < maxStale }

// New returns a Verifier.
func New(store Store, now func() time.Time, log *slog.Logger) *Verifier {
	return &Verifier{store: store, now: now, log: log, lookups: newLine(maxLookups, maxWaiting), rechecks: newLine(maxLookups, maxKnown), known: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// Is says whether a bearer token claims to be a credential.
func Is(token string) bool { return strings.HasPrefix(token, app.CredentialPrefix) }

// Verify returns who the credential speaks for. Codes: CodeInvalidToken, and CodeUnavailable
// while the ledger does not answer.
func (v *Verifier) Verify(ctx context.Context, token string) (app.Principal, error) {
	tenant, id, ok := app.ParseCredential(token)
	if !ok {
		return app.Principal{}, invalid("the text does not have the form of a credential")
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
	turns, limited := v.lookups, ctx
	if found = found && entry.usable(now); found {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, knownTimeout)
		defer cancel()
		turns = v.rechecks
	}
	// Requests with the same credential share one lookup.
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

// unchecked is principal for a credential whose lookup failed.
func (v *Verifier) unchecked(c app.Credential) (app.Principal, error) {
	who, err := v.principal(c)
	who.Unchecked = err == nil
	return who, err
}

// principal is the caller of a credential, or an error when it is revoked or has expired.
func (v *Verifier) principal(c app.Credential) (app.Principal, error) {
	if !c.Good(v.now()) {
		return app.Principal{}, invalid("the credential " + c.ID + " is revoked or has expired")
	}
	return c.Principal(), nil
}

// ask looks a credential up in the ledger.
func (v *Verifier) ask(ctx context.Context, turns *line, tenant, id string, sum [sha256.Size]byte) (app.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if err := turns.enter(ctx, clientNetwork(ctx)); err != nil {
		return app.Credential{}, app.Unavailable("ledger", err)
	}
	defer turns.leave()
	at := v.now()
	found, err := v.store.Credential(ctx, tenant, id)
	missing := app.CodeOf(err) == app.CodeCredentialNotFound
	if err != nil && !missing {
		return app.Credential{}, err
	}
	// A missing credential has a digest of zeros, which no secret has.
	if subtle.ConstantTimeCompare(found.Digest[:], sum[:]) != 1 || missing {
		v.forget(sum)
		return app.Credential{}, invalid("there is no credential " + id + " with this secret")
	}
	v.remember(sum, found, at)
	if found.Good(at) && at.Sub(found.LastUsedAt) >= useInterval {
		if err := v.store.CredentialUsed(ctx, tenant, id, useInterval); err != nil {
			v.log.WarnContext(ctx, "cannot note the last use of a credential", "credential", id, "error", err)
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

// postpone keeps the ledger from being asked about the credential for retryAfter.
func (v *Verifier) postpone(sum [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if element, ok := v.known[sum]; ok {
		if entry, ok := element.Value.(remembered); ok {
			entry.retry = v.now().Add(retryAfter)
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

// remember keeps a credential that was looked up, also a revoked one. Only callers that have
// the secret come here, so nobody else can fill the memory.
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

package idtoken

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// How long fetched keys are good, how long before that they are asked for again, how soon when the issuer did
// not answer, and how long they stand in for those that it does not give. Google rotates
// its keys over days, and lets its key set be kept for hours.
const (
	keysGood  = time.Hour
	keysAhead = 10 * time.Minute
	keysRetry = time.Minute
	keysStale = 24 * time.Hour
)

// agingKeys forgets keys that the issuer has withdrawn: by itself oidc's key set is fetched again
// only for a token whose key it does not hold.
//
// Nobody waits for keys that are fetched ahead of time, nor for an issuer that was asked before and has not
// answered. So only where nobody signed in for the last minutes of the hour does one wait.
type agingKeys struct {
	fresh func() oidc.KeySet
	now   func() time.Time

	mu sync.Mutex
	// next is what is being fetched when current is too old.
	current, next oidc.KeySet
	fetched       time.Time
	tried         time.Time
	// unanswered says that the issuer was asked since it gave its keys.
	unanswered bool
	// failed is why the issuer did not give them when it was asked last; nil when it did.
	failed error
}

// VerifySignature implements oidc.KeySet.
func (k *agingKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	current, next, wait := k.sets()
	if next != nil && !wait {
		// The client's timeout ends it.
		go k.fetch(context.WithoutCancel(ctx), next, token)
	} else if next != nil {
		fetch := ctx
		if current != nil {
			// The others use the former keys until this one has the answer, so it waits for the answer
			// even when its caller hangs up.
			fetch = context.WithoutCancel(ctx)
		}
		payload, err := k.fetch(fetch, next, token)
		if current == nil || !notFetched(err) {
			return payload, err //nolint:wrapcheck // the verifier adds its context
		}
	}
	return current.VerifySignature(ctx, token) //nolint:wrapcheck // the verifier adds its context
}

// fetch verifies the token with newly fetched keys, and replaces the former keys by them.
func (k *agingKeys) fetch(ctx context.Context, next oidc.KeySet, token string) ([]byte, error) {
	payload, err := next.VerifySignature(ctx, token)
	if notFetched(err) {
		k.fail(err)
	} else {
		k.replace(next)
	}
	return payload, err //nolint:wrapcheck // the verifier adds its context
}

// sets returns the keys that may be used (nil: they are too old), the key set that has to be
// fetched (nil: not yet), and whether to wait for it. When several callers find it due, one of them
// fetches it while the others use the former keys.
func (k *agingKeys) sets() (current, next oidc.KeySet, wait bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	age := now.Sub(k.fetched)
	if k.current != nil && age < keysStale {
		current = k.current
	}
	if current != nil && (age < keysGood-keysAhead || now.Sub(k.tried) < keysRetry) {
		return current, nil, false
	}
	wait = current == nil || age >= keysGood && !k.unanswered
	k.tried, k.unanswered = now, true
	if k.next == nil {
		k.next = k.fresh()
	}
	return current, k.next, wait
}

func (k *agingKeys) replace(set oidc.KeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next == set {
		k.current, k.next, k.fetched, k.unanswered, k.failed = set, nil, k.now(), false, nil
	}
}

func (k *agingKeys) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failed = err
}

// anyToken has the form of a token, and no key signed it: {"alg":"RS256","kid":"-"}.{}.
const anyToken = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii0ifQ.e30.AA"

// check returns why the issuer did not give its keys when it was asked last; nil when it did. It asks when
// there are no keys yet, or too old ones, and again after a failure; otherwise it leaves that to the next token.
func (k *agingKeys) check(ctx context.Context) error {
	k.mu.Lock()
	now, failed := k.now(), k.failed
	known := k.current != nil && now.Sub(k.fetched) < keysStale && (failed == nil || now.Sub(k.tried) < keysRetry)
	k.mu.Unlock()
	if known {
		return failed
	}
	// That the token is not good was clear; what counts is whether there were keys to tell.
	if _, err := k.VerifySignature(ctx, anyToken); notFetched(err) {
		return err
	}
	return nil
}

// notFetched says that the issuer did not give its keys.
func notFetched(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "fetching keys")
}

package idtoken

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// How long fetched keys are good, how soon they are asked for again when the issuer did
// not answer, and how long they stand in for those that it does not give. Google rotates
// its keys over days, and lets its key set be kept for hours.
const (
	keysGood  = time.Hour
	keysRetry = time.Minute
	keysStale = 24 * time.Hour
)

// agingKeys forgets keys that the issuer has withdrawn: by itself oidc's key set is fetched again
// only for a token whose key it does not hold.
type agingKeys struct {
	fresh func() oidc.KeySet
	now   func() time.Time

	mu sync.Mutex
	// next is what is being fetched when current is too old.
	current, next oidc.KeySet
	fetched       time.Time
	tried         time.Time
}

// VerifySignature implements oidc.KeySet.
func (k *agingKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	current, next := k.sets()
	if next != nil {
		fetch := ctx
		if current != nil {
			// The others go on with the keys of before until this one has the answer, so it waits for that
			// also when its caller hangs up.
			fetch = context.WithoutCancel(ctx)
		}
		payload, err := next.VerifySignature(fetch, token)
		if !notFetched(err) {
			k.replace(next)
			return payload, err //nolint:wrapcheck // the verifier adds its context
		}
		if current == nil {
			return nil, err //nolint:wrapcheck // the verifier adds its context
		}
	}
	return current.VerifySignature(ctx, token) //nolint:wrapcheck // the verifier adds its context
}

// sets returns the keys that may be used (nil: they are too old) and the key set that has to be
// fetched (nil: not yet). When several callers find it due, one of them fetches it while the
// others go on with the keys of before.
func (k *agingKeys) sets() (current, next oidc.KeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	age := now.Sub(k.fetched)
	if k.current != nil && age < keysStale {
		current = k.current
	}
	if current != nil && (age < keysGood || now.Sub(k.tried) < keysRetry) {
		return current, nil
	}
	k.tried = now
	if k.next == nil {
		k.next = k.fresh()
	}
	return current, k.next
}

func (k *agingKeys) replace(set oidc.KeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next == set {
		k.current, k.next, k.fetched = set, nil, k.now()
	}
}

// notFetched says that the issuer did not give its keys.
func notFetched(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "fetching keys")
}

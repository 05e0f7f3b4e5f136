package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coditect-ai/license-platform/app/verify"
)

// leeway forgives the second that Date leaves out, and a device's clock where the server
// sends no Date.
const leeway = time.Minute

// grant is an answer of acquire or borrow whose token was verified.
type grant struct {
	LeaseID          string `json:"leaseId"`
	HeartbeatSeconds int    `json:"heartbeatSeconds"`
	Token            string `json:"token"`
	File             string `json:"file"`

	license verify.License
	// fresh: the lease is new, and no other program of the device has it.
	fresh bool
}

func (g *grant) answered(status int) { g.fresh = status == http.StatusCreated }

func (g *grant) interval() time.Duration { return interval(g.HeartbeatSeconds) }

// interval bounds the pace that the server tells, 1 second to an hour, so that a wrong answer
// neither floods the server nor loses the seat.
func interval(seconds int) time.Duration {
	return time.Duration(min(max(seconds, 1), 3600)) * time.Second
}

// take acquires or borrows, and verifies the token of the answer.
func (k *keeper) take(ctx context.Context, operation string, body any) (*grant, error) {
	var g grant
	if err := k.post(ctx, "/v1/licenses/"+url.PathEscape(k.config.License)+"/"+operation, body, &g); err != nil {
		return nil, err
	}
	license, err := k.check(ctx, g.Token)
	if err == nil && (license.ID != k.config.License || license.Lease != g.LeaseID) {
		err = fmt.Errorf("%w: the token is of another licence or lease than the answer", verify.ErrOther)
	}
	if err != nil {
		if g.fresh && (useless(err) || operation == borrowing || ctx.Err() != nil) {
			err = errors.Join(err, k.giveBack(ctx, g.LeaseID))
		}
		return nil, err
	}
	g.license = license
	return &g, nil
}

// giveBack releases a new lease that cannot be used. If that fails, its seat is free after its time. For
// who has given up meanwhile, it takes a tenth of Config.Timeout at most: a second.
func (k *keeper) giveBack(ctx context.Context, lease string) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), k.config.Timeout/10)
		defer cancel()
	}
	if err := k.release(ctx, lease); !gone(err) {
		return err
	}
	return nil
}

// useless: the token is good, but the program asked for something else, and would again.
func useless(err error) bool {
	return errors.Is(err, verify.ErrFeature) || errors.Is(err, verify.ErrOther)
}

// The operations by which a seat is taken.
const (
	acquiring = "acquire"
	borrowing = "borrow"
)

type acquireBody struct {
	Fingerprint string `json:"fingerprint"`
}

func (k *keeper) acquire(ctx context.Context) (*grant, error) {
	return k.take(ctx, acquiring, acquireBody{k.config.Fingerprint})
}

// keeper is a caller with the published keys.
type keeper struct {
	*caller
	keys []byte
}

func newKeeper(config Config) *keeper {
	return &keeper{caller: newCaller(config), keys: config.Keys}
}

// check verifies a token. Fetched keys are fetched again for a token that they did not sign: the
// signing key may have changed. Those that verify nothing are not kept, since it may not have been
// the server that answered.
func (k *keeper) check(ctx context.Context, token string) (verify.License, error) {
	want := verify.Expected{Product: k.config.Product, Fingerprint: k.config.Fingerprint, Now: k.time.now(), Leeway: leeway, Features: k.config.Features}
	if k.keys != nil {
		license, err := verify.Token(k.keys, token, want)
		if k.config.Keys != nil || !errors.Is(err, verify.ErrSignature) {
			return license, err
		}
	}
	keys, err := k.fetchKeys(ctx)
	if err != nil {
		return verify.License{}, err
	}
	license, err := verify.Token(keys, token, want)
	if err == nil {
		k.keys = keys
	}
	return license, err
}

func (k *keeper) fetchKeys(ctx context.Context) ([]byte, error) {
	var keys keySet
	if err := k.send(ctx, http.MethodGet, "/.well-known/jwks.json", "", nil, &keys); err != nil {
		return nil, fmt.Errorf("cannot fetch the published keys: %w", err)
	}
	return keys, nil
}

// keySet keeps a set of keys as it was sent.
type keySet []byte

// UnmarshalJSON implements json.Unmarshaler.
func (k *keySet) UnmarshalJSON(content []byte) error {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(content, &set); err != nil {
		return fmt.Errorf("not a set of keys: %w", err)
	}
	if len(set.Keys) == 0 {
		return errors.New("not a set of keys")
	}
	*k = append((*k)[:0], content...)
	return nil
}

func (c *caller) release(ctx context.Context, lease string) error {
	return c.post(ctx, "/v1/leases/"+url.PathEscape(lease)+"/release", nil, nil)
}

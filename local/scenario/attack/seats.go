package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/coditect-ai/license-platform/app"
)

// crowd is how many clients race for the last seats, and burst how many requests
// a flood is: more than a client may send in a minute, and bounded.
const (
	crowd = 12
	burst = 120
)

// lease is the part of the API's answer that an attacker reads: a lease, or the problem
// with the reason of the refusal.
type lease struct {
	ID    string   `json:"leaseId"`
	Code  app.Code `json:"code"`
	Seats int      `json:"seats"`
}

// acquire takes a seat of the rival's licence: the demo's are for people.
func (t *Target) acquire(ctx context.Context, device string, bearer func(context.Context, *Target) (string, error)) (answer, lease, error) {
	got, err := t.send(ctx, Request{
		Method: http.MethodPost, Path: "/v1/licenses/{rival}/acquire",
		Body: fmt.Sprintf(`{"fingerprint": %q}`, device), Bearer: bearer,
	})
	if err != nil {
		return got, lease{}, err
	}
	if late(got.status) {
		return got, lease{}, fmt.Errorf("take a seat: %w: status %d: %s", errLate, got.status, got.body)
	}
	var l lease
	return got, l, json.Unmarshal([]byte(got.body), &l)
}

func (t *Target) release(ctx context.Context, id string, who Identity) error {
	got, err := t.send(ctx, Request{Method: http.MethodPost, Path: "/v1/leases/" + id + "/release", Bearer: bearer(who)})
	if err != nil || got.status < http.StatusBadRequest {
		return err
	}
	err = fmt.Errorf("status %d: %s", got.status, got.body)
	if late(got.status) {
		err = fmt.Errorf("%w: %w", errLate, err)
	}
	return fmt.Errorf("give the seat back: %w", err)
}

// stolenLease acts on a lease that somebody of the rival's holds.
func stolenLease(owner, thief Identity, action string) Try {
	return func(ctx context.Context, t *Target) (found Finding, err error) {
		got, held, err := t.acquire(ctx, "victims-laptop", bearer(owner))
		if err != nil {
			return Finding{}, fmt.Errorf("get a lease to steal: %w", err)
		}
		if held.ID == "" {
			return Finding{}, fmt.Errorf("get a lease to steal: status %d, %s", got.status, got.passage.Rule)
		}
		defer func() {
			if released := t.release(ctx, held.ID, owner); err == nil && found.Layer != Nobody {
				err = released
			}
		}()
		return web(Request{Method: http.MethodPost, Path: "/v1/leases/" + held.ID + "/" + action, Bearer: bearer(thief)})(ctx, t)
	}
}

// seatRace has many clients take seats of one licence at the same moment. It got through
// when more of them were granted one than there are. It has a result only if each of them
// got a seat or a refusal for want of a seat.
func seatRace(ctx context.Context, t *Target) (Finding, error) {
	who := Identity{Tenant: rival}
	token, err := bearer(who)(ctx, t)
	if err != nil {
		return Finding{}, err
	}
	got, held, failed := make([]answer, crowd), make([]lease, crowd), make([]error, crowd)
	var racers sync.WaitGroup
	for i := range crowd {
		racers.Go(func() {
			got[i], held[i], failed[i] = t.acquire(ctx, fmt.Sprintf("racer-%d", i), func(context.Context, *Target) (string, error) { return token, nil })
		})
	}
	racers.Wait()
	granted, refused := 0, -1
	for i, l := range held {
		switch {
		case l.ID != "":
			granted++
			failed[i] = t.release(ctx, l.ID, who)
		case l.Code == app.CodeNoSeats:
			refused = i
		case failed[i] == nil:
			failed[i] = fmt.Errorf("a racer got neither a seat nor %s: status %d: %s", app.CodeNoSeats, got[i].status, got[i].body)
		}
	}
	if refused < 0 && granted == crowd || refused >= 0 && granted > held[refused].Seats {
		return Finding{Rule: fmt.Sprintf("%d of %d got a seat", granted, crowd), Status: "200"}, nil
	}
	if err := errors.Join(failed...); err != nil {
		return Finding{}, err
	}
	f := got[refused].finding()
	f.Why = fmt.Sprintf("%d of %d got one of %d seats", granted, crowd, held[refused].Seats)
	return f, nil
}

// flood sends more requests than a client may, from one address.
func flood(ctx context.Context, t *Target) (Finding, error) {
	client := t.address().String()
	var last Finding
	for n := 1; n <= burst; n++ {
		got, err := t.send(ctx, Request{client: client})
		if err != nil {
			return Finding{}, err
		}
		if last = got.finding(); last.Layer != Nobody {
			last.Why = fmt.Sprintf("request %d: %s", n, last.Why)
			return last, nil
		}
	}
	return last, nil
}

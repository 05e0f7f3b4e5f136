package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// crowd is how many clients race for the last seats, and burst how many requests
// a flood is: more than a client may send in a minute, and bounded.
const (
	crowd = 12
	burst = 120
)

// lease is the part of the API's answer that an attacker looks at.
type lease struct {
	ID    string `json:"leaseId"`
	Seats int    `json:"seats"`
}

// acquire takes a seat of the rival's licence: the demo's are for people.
func (t *Target) acquire(ctx context.Context, who Identity, device string) (answer, lease, error) {
	got, err := t.send(ctx, Request{
		Method: http.MethodPost, Path: "/v1/licenses/{rival}/acquire",
		Body: fmt.Sprintf(`{"fingerprint": %q}`, device), Bearer: bearer(who),
	})
	var l lease
	if err == nil && got.status < http.StatusInternalServerError {
		err = json.Unmarshal([]byte(got.body), &l)
	}
	return got, l, err
}

func (t *Target) release(ctx context.Context, id string, who Identity) error {
	got, err := t.send(ctx, Request{Method: http.MethodPost, Path: "/v1/leases/" + id + "/release", Bearer: bearer(who)})
	if err == nil && got.status >= http.StatusBadRequest {
		err = fmt.Errorf("give the seat back: status %d: %s", got.status, got.body)
	}
	return err
}

// stolenLease acts on a lease that somebody of the rival's holds.
func stolenLease(owner, thief Identity, action string) Try {
	return func(ctx context.Context, t *Target) (found Finding, err error) {
		got, held, err := t.acquire(ctx, owner, "victims-laptop")
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

// seatRace has many clients take seats of one licence at the same moment. It got
// through when more of them were granted one than there are.
func seatRace(ctx context.Context, t *Target) (Finding, error) {
	who := Identity{Tenant: rival}
	got, held := make([]answer, crowd), make([]lease, crowd)
	failed := make([]error, crowd)
	addresses := make([]string, crowd)
	for i := range addresses {
		addresses[i] = t.address().String()
	}
	token, err := bearer(who)(ctx, t)
	if err != nil {
		return Finding{}, err
	}
	var racers sync.WaitGroup
	for i := range crowd {
		racers.Go(func() {
			got[i], failed[i] = t.send(ctx, Request{
				Method: http.MethodPost, Path: "/v1/licenses/{rival}/acquire", client: addresses[i],
				Body: fmt.Sprintf(`{"fingerprint": "racer-%d"}`, i), Bearer: func(context.Context, *Target) (string, error) { return token, nil },
			})
			if failed[i] == nil && got[i].status < http.StatusInternalServerError {
				failed[i] = json.Unmarshal([]byte(got[i].body), &held[i])
			}
		})
	}
	racers.Wait()
	granted, refused := 0, -1
	for i := range crowd {
		if failed[i] != nil {
			return Finding{}, failed[i]
		}
		if held[i].ID == "" {
			refused = i
			continue
		}
		granted++
		if err := t.release(ctx, held[i].ID, who); err != nil {
			return Finding{}, err
		}
	}
	if refused < 0 || granted > held[refused].Seats {
		return Finding{Rule: fmt.Sprintf("%d of %d got a seat", granted, crowd), Status: "200"}, nil
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

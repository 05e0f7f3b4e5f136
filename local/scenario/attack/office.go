package attack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/scenario/benign"
)

// officeDevices is how many devices the office has, inventedBeats how many
// heartbeats a flood sends (more than such an office may in a minute), and atOnce
// how many requests are under way together.
const (
	officeDevices = 200
	officeLease   = 300 * time.Second
	inventedBeats = 450
	atOnce        = 16
)

// customers are honest clients: the edge must not stop any of their requests.
func customers() []Attack {
	return []Attack{
		{"honest clients: names of devices", Nobody, "", honest("device")},
		{"honest clients: names of devices that borrow", Nobody, "", honest("borrower")},
		{"honest clients: products and notes", Nobody, "", honest("product", "note")},
		{"honest clients: user agents, cookies, headers", Nobody, "", honest("agent", "cookie", "header", "call")},
		{"an office of 200 devices behind one address keeps its seats", Nobody, "", office},
	}
}

// concurrently does n things, some at the same time, until one fails.
func concurrently(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// honest sends the corpus of honest clients without a token, each request from an
// address of its own. It finds the first one that the edge stops.
func honest(kinds ...string) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		all, err := benign.Requests(t.License)
		if err != nil {
			return Finding{}, err
		}
		all = slices.DeleteFunc(all, func(r benign.Request) bool { return !slices.Contains(kinds, r.Kind) })
		var mu sync.Mutex
		found := Finding{Why: fmt.Sprintf("none of %d requests was stopped at the edge", len(all)), Status: "passed"}
		err = concurrently(ctx, len(all), func(ctx context.Context, i int) error {
			header := map[string]string{}
			for name, values := range all[i].Header {
				if name != "X-Cloud-Trace-Context" { // by it the evidence is found
					header[name] = values[0]
				}
			}
			got, err := t.send(ctx, Request{Method: all[i].Method, Path: all[i].Path, Query: all[i].Query, Header: header, Body: all[i].Body})
			if err != nil {
				return fmt.Errorf("%s %q: %w", all[i].Kind, all[i].Text, err)
			}
			if stopped := got.finding(); stopped.Layer == layer.CloudArmor {
				mu.Lock()
				defer mu.Unlock()
				found = stopped
				found.Why = fmt.Sprintf("%s %q: %s", all[i].Kind, all[i].Text, stopped.Why)
			}
			return nil
		})
		return found, err
	}
}

// office has a device on every seat of a licence, each with the client of app/client. All of
// them send a heartbeat through one address within a moment, and none may lose its seat.
func office(ctx context.Context, t *Target) (found Finding, err error) {
	admin := Identity{Tenant: rival, User: "office-admin", Role: "admin"}
	made, err := t.send(ctx, Request{
		Method: http.MethodPost, Path: "/v1/licenses", Bearer: bearer(admin),
		Body: fmt.Sprintf(`{"id": "office", "product": "MySQL Workbench", "seats": %d, "leaseSeconds": %d}`, officeDevices, officeLease/time.Second),
	})
	if err != nil {
		return Finding{}, err
	}
	if made.status >= http.StatusBadRequest && made.status != http.StatusConflict { // 409: an earlier run created it
		return made.finding(), fmt.Errorf("make a licence for the office: status %d: %s", made.status, made.body)
	}
	o := newOffice(t)
	defer func() {
		if closed := o.close(context.WithoutCancel(ctx)); err == nil {
			err = closed
		}
	}()
	if err := o.open(ctx); err != nil {
		return Finding{}, err
	}
	// The licence's pace is a third of its lease.
	beats, err := o.beats(ctx, officeLease/3)
	if err != nil {
		return Finding{}, err
	}
	for _, beat := range beats {
		passage, err := t.evidence(ctx, beat.trace)
		if err != nil {
			return Finding{}, err
		}
		if stopped := (answer{status: beat.status, passage: passage}).finding(); stopped.Layer != Nobody {
			return stopped, nil
		}
	}
	for i, seat := range o.seats {
		if !seat.Held() {
			return Finding{Why: fmt.Sprintf("device %d lost its seat: %v", i, seat.Failure())}, errors.New("an honest client lost its seat")
		}
	}
	return Finding{Why: fmt.Sprintf("%d devices kept %[1]d seats", officeDevices), Status: "200"}, nil
}

// inventedLeases floods heartbeats of leases that do not exist, from one address.
func inventedLeases(ctx context.Context, t *Target) (Finding, error) {
	var mu sync.Mutex
	var last Finding
	passed, limited := 0, Finding{}
	address := t.address().String()
	err := concurrently(ctx, inventedBeats, func(ctx context.Context, i int) error {
		got, err := t.send(ctx, Request{Method: http.MethodPost, Path: fmt.Sprintf("/v1/leases/invented-%d/heartbeat", i), client: address})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if last = got.finding(); last.Layer == layer.CloudArmor {
			limited = last
		} else {
			passed++
		}
		return nil
	})
	if err != nil || limited.Layer == Nobody {
		return last, err
	}
	limited.Why = fmt.Sprintf("%d of %d reached the API: %s", passed, inventedBeats, limited.Why)
	return limited, nil
}

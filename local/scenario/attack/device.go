package attack

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/client/leap"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// devices are the seats that the clients of an office hold. They share a clock, which the
// attack moves on so that all of them send a heartbeat at once.
type devices struct {
	target *Target
	clock  *leap.Clock
	seats  []*client.Seat
	// address is the address of the office's heartbeats. It takes its seats in the course of
	// a morning, and gives them back in the course of an evening: from other addresses,
	// here.
	address string
	beaten  chan beat
}

// beat is a heartbeat that was answered.
type beat struct {
	trace  string
	status int
}

func newOffice(t *Target) *devices {
	return &devices{
		target: t, clock: leap.New(), seats: make([]*client.Seat, officeDevices), address: t.address().String(), beaten: make(chan beat, 2*officeDevices),
	}
}

// RoundTrip implements http.RoundTripper: it says where the client is, and notes what became
// of heartbeats. One that the service was too late for is sent again by its seat within
// seconds, and counts then.
func (d *devices) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	trace, from := hex.EncodeToString(raw), d.address
	isBeat := strings.HasSuffix(r.URL.Path, "/heartbeat")
	if !isBeat {
		from = d.target.address().String()
	}
	r.Header.Set("X-Cloud-Trace-Context", trace+"/1")
	r.Header.Set(loadbalancer.ClientHeader, "ip="+from+";region=US")
	response, err := d.target.http().Transport.RoundTrip(r)
	if err == nil && isBeat && !late(response.StatusCode) {
		select {
		case d.beaten <- beat{trace, response.StatusCode}:
		default: // nobody counts so many
		}
	}
	return response, err
}

// open takes all seats.
func (d *devices) open(ctx context.Context) error {
	who := bearer(Identity{Tenant: rival, User: "office"})
	server, through := "https://"+d.target.LicenseHost, &http.Client{Transport: d}
	keys, err := client.Keys(ctx, client.Config{Server: server, HTTP: through})
	if err != nil {
		return fmt.Errorf("fetch the published keys: %w", err)
	}
	return concurrently(ctx, officeDevices, func(_ context.Context, i int) (err error) {
		// A seat is held as long as the attack's own context lasts, not the group's.
		d.seats[i], err = client.Hold(ctx, client.Config{
			Server: server, License: "office", Product: "MySQL Workbench", Fingerprint: fmt.Sprintf("docker-%03d", i), Keys: keys,
			Identity: func(ctx context.Context) (string, error) { return who(ctx, d.target) }, HTTP: through, Clock: d.clock,
		})
		return err
	})
}

// beatsTimeout bounds the wait for all heartbeats; the attempt's own time may end sooner.
const beatsTimeout = 2 * time.Minute

// beats moves the clock on, and waits until every device has sent a heartbeat.
func (d *devices) beats(ctx context.Context, on time.Duration) ([]beat, error) {
	limit, look := time.NewTimer(beatsTimeout), time.NewTicker(10*time.Millisecond)
	defer limit.Stop()
	defer look.Stop()
	for d.clock.Asleep() < officeDevices {
		select {
		case <-look.C:
		case <-limit.C:
			return nil, fmt.Errorf("%d of %d devices wait for their next heartbeat after %s", d.clock.Asleep(), officeDevices, beatsTimeout)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d.clock.On(on)
	var all []beat
	for len(all) < officeDevices {
		select {
		case b := <-d.beaten:
			all = append(all, b)
		case <-limit.C:
			return nil, fmt.Errorf("%d of %d devices have sent a heartbeat that was answered within %s", len(all), officeDevices, beatsTimeout)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// close gives all seats back.
func (d *devices) close(ctx context.Context) error {
	var failed []error
	failures := make(chan error, officeDevices)
	_ = concurrently(ctx, officeDevices, func(ctx context.Context, i int) error {
		if d.seats[i] != nil {
			failures <- d.seats[i].Close(ctx)
		}
		return nil
	})
	close(failures)
	for err := range failures {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

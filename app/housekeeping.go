package app

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// claimTime is how long an instance owns the work that it has claimed: after that others take
// it over, because the instance may have died. It is short enough for a suspended tenant
// to be noticed in time.
const claimTime = 10 * time.Second

// taken is how many licences an instance takes on at once.
const taken = 64

// fullest is how many of the fullest licences are measured one by one.
const fullest = 20

// housekeeper is one instance's share of the housekeeping. Due work is in a queue that all
// instances share: a licence when its first lease expires or endings wait for the ledger,
// and the jobs. So the work grows with what happens, whatever the number of tenants and
// instances is.
type housekeeper struct {
	*Service
	name      string
	interval  time.Duration
	retention time.Duration

	mu      sync.Mutex
	running map[Job]bool
	group   sync.WaitGroup
}

// Run shares in the housekeeping until ctx is done. A tenth of the interval is how late
// an expired seat may be reclaimed, and a sixth how late a change of the ledger may be
// noticed.
func (s *Service) Run(ctx context.Context, interval, retention time.Duration) {
	h := &housekeeper{Service: s, name: rand.Text(), interval: interval, retention: retention, running: map[Job]bool{}}
	defer h.group.Wait()
	turn, measure := time.NewTimer(mathrand.N(h.turn())), time.NewTimer(mathrand.N(interval))
	defer turn.Stop()
	defer measure.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
			var more bool
			more, err = h.work(ctx)
			wait := h.turn()
			if more {
				wait = 0
			}
			turn.Reset(wait)
		case <-measure.C:
			err = s.measure(ctx)
			measure.Reset(interval / 2)
		}
		h.note(ctx, err)
	}
}

// turn is how often an instance looks for work.
func (h *housekeeper) turn() time.Duration { return h.interval / 10 }

func (h *housekeeper) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "housekeeping was not completed; it goes on at the next turn", "error", err)
	}
}

// work takes on what is due and does it, and says whether there is more.
func (h *housekeeper) work(ctx context.Context) (more bool, err error) {
	work, err := h.seats.Claim(ctx, h.name, taken, claimTime)
	if err != nil {
		return false, err
	}
	for job, place := range work.Jobs {
		h.begin(ctx, job, place)
	}
	return len(work.Licenses) == taken, h.tend(ctx, visitsOf(work.Licenses))
}

// begin runs one turn of a job in the background.
func (h *housekeeper) begin(ctx context.Context, job Job, place string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running[job] {
		// It took longer than it was held for, and nobody else has taken it on.
		return
	}
	h.running[job] = true
	h.group.Go(func() {
		defer func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.running, job)
		}()
		next, again, err := h.do(ctx, job, place)
		if !continues(err) {
			next, again = place, h.interval/6
		}
		h.note(ctx, errors.Join(err, h.seats.Done(ctx, h.name, job, next, again)))
	})
}

// do is a turn of a job: it returns the place that was reached, and when to go on.
func (h *housekeeper) do(ctx context.Context, job Job, place string) (next string, again time.Duration, err error) {
	held := time.Now()
	var lost error
	// A job that was lost to another instance ends, whoever asks.
	alive := func() error {
		if lost != nil || time.Since(held) < claimTime/4 {
			return lost
		}
		held = time.Now()
		mine, err := h.seats.Hold(ctx, h.name, job, claimTime)
		if err == nil && !mine {
			err = errors.New("the job " + string(job) + " was taken over by another instance")
		}
		lost = err
		return lost
	}
	switch job {
	case JobChanges:
		next, err = h.catchUp(ctx, place, alive)
		return next, h.interval / 6, err
	case JobSweep:
		return h.sweepOn(ctx, place, alive)
	case JobForget:
		return h.forgetOn(ctx, place, alive)
	}
	return place, time.Hour, errors.New("there is no job " + string(job))
}

// measure tells the meter how full the licences are.
func (s *Service) measure(ctx context.Context) error {
	f, err := s.seats.Fullness(ctx, fullest)
	if err == nil {
		s.meter.Full(f)
	}
	return err
}

// Reap does all housekeeping at once, due or not, but the forgetting.
func (s *Service) Reap(ctx context.Context) error {
	alive := func() error { return nil }
	_, err := s.catchUp(ctx, "", alive)
	failures := []error{err}
	for after := (&OpenLease{}); after != nil; {
		var err error
		if after, _, err = s.sweep(ctx, *after, alive); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(append(failures, s.measure(ctx))...)
}

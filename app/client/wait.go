package client

import (
	"errors"
	"net/http"
	"time"
)

// How long to wait before the next request, from docs/api.md: what the edge answers.
const (
	// longestWait limits every wait, also by Retry-After.
	longestWait = 5 * time.Minute
	// edgeWait is the first wait after the edge refused: its limits count by the minute.
	edgeWait = time.Minute
	// seatWait and longestSeatWait are for a licence whose seats are all taken.
	seatWait        = 5 * time.Second
	longestSeatWait = time.Minute
	// failureWait and longestFailureWait are for a server that cannot be reached.
	failureWait        = time.Second
	longestFailureWait = time.Minute
)

// waits counts failures of the same kind one after the other; each waits twice as long as the one before.
type waits struct {
	random   func() float64
	failures int
	// kind is the first wait of the kind of the last failure.
	kind time.Duration
}

func (w *waits) reset() { w.failures = 0 }

// after is how long to wait after the failure err, at least as long as the server asks for.
// Up to a fifth is added at random, so that clients that failed together do not return
// together.
func (w *waits) after(err error) time.Duration {
	first, longest := failureWait, longestFailureWait
	if useless(err) {
		first, longest = edgeWait, longestWait
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		switch {
		case refusal.Status == http.StatusConflict:
			first, longest = seatWait, longestSeatWait
		case refusal.Status < http.StatusInternalServerError && refusal.Status != http.StatusUnauthorized:
			first, longest = edgeWait, longestWait
		}
	}
	if w.kind != first {
		// How long the network was away says nothing about how soon a seat is free.
		w.kind, w.failures = first, 0
	}
	if refusal != nil && refusal.RetryAfter > 0 {
		first = refusal.RetryAfter
		longest = max(longest, first)
	}
	wait := first
	for range w.failures {
		if wait >= longest {
			break
		}
		wait *= 2
	}
	w.failures = min(w.failures+1, 30)
	return w.spread(min(wait, longest))
}

func (w *waits) spread(d time.Duration) time.Duration {
	return d + time.Duration(float64(d)/5*w.random())
}

// pace is when the next heartbeat is due: up to a fifth before the licence's pace, never later.
func (w *waits) pace(interval time.Duration) time.Duration {
	return interval - time.Duration(float64(interval)/5*w.random())
}

// gone: the lease is over, and only acquire brings a seat. A seat that was given to another
// device is not requested again at once: otherwise the two would take it from each other
// for ever.
func gone(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code != codeTaken && (refusal.Status == http.StatusGone && refusal.Code != "" || refusal.Code == codeNoLease)
}

// refusedAs says whether the API refused with a code.
func refusedAs(err error, code string) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == code
}

const (
	codeTaken   = "lease_taken"
	codeNoLease = "lease_not_found"
)

// final reports whether the API itself refused, and would refuse the same request again for now.
// Answers of the edge, an expired identity token and too many requests are not final: the seat
// is held until its lease ends.
func final(err error) bool {
	var refusal *Refusal
	if useless(err) {
		return true
	}
	if !errors.As(err, &refusal) || refusal.Code == "" || refusal.Status >= http.StatusInternalServerError {
		return false
	}
	switch refusal.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return refusal.Code != "idempotency_in_progress"
}

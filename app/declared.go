package app

import "time"

// Declared is a licence as the stack's settings declare it. A nil field is not written:
// administrators decide it, and a new licence gets the default.
type Declared struct {
	ID      string
	Product string
	Seats   int

	LeaseTTL, HeartbeatInterval, MaxBorrow *time.Duration
	Overage                                *float64
	RequireFingerprint                     *bool
	ExpiresAt                              *time.Time
}

// Onto returns the licence that becomes of another (the zero License: of none) when it is
// declared. Status, metadata and policy are never declared.
func (d Declared) Onto(l License) License {
	l.ID, l.Product, l.Seats = d.ID, d.Product, d.Seats
	if d.LeaseTTL != nil && l.LeaseTTL > 0 {
		l.SetLeaseTTL(*d.LeaseTTL)
	}
	declare(&l.LeaseTTL, d.LeaseTTL)
	declare(&l.HeartbeatInterval, d.HeartbeatInterval)
	if l.LeaseTTL > 0 && l.HeartbeatInterval >= l.LeaseTTL && d.LeaseTTL == nil {
		// The lease that was there is too short for the heartbeat that is declared.
		l.LeaseTTL = 0
	}
	declare(&l.MaxBorrow, d.MaxBorrow)
	declare(&l.Overage, d.Overage)
	declare(&l.RequireFingerprint, d.RequireFingerprint)
	declare(&l.ExpiresAt, d.ExpiresAt)
	return l.Defaulted()
}

func declare[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

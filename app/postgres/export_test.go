package postgres

import (
	"context"

	"github.com/coditect-ai/license-platform/app"
)

// RequiredVersion is the oldest schema that the program works with.
const RequiredVersion = requiredVersion

// HoursWithin is Hours with another bound of the events that are read.
func (l *Ledger) HoursWithin(ctx context.Context, ref app.LicenseRef, period app.Period, most int) ([]app.Hour, error) {
	return l.hoursWithin(ctx, ref, period, most)
}

// Waiting is how many writes about a licence wait for the transaction that is under way.
func (l *Ledger) Waiting(ref app.LicenseRef) int {
	l.writes.mu.Lock()
	defer l.writes.mu.Unlock()
	return len(l.writes.waiting[ref])
}

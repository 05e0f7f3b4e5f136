package app

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of a licence's policy, enforced by License.Validate.
const (
	MaxReservations = 32
	MaxFeatures     = 32
	MaxGrace        = 90 * 24 * time.Hour
	MaxLeaseGrace   = 24 * time.Hour
	maxGroup        = 128
)

// WhenFull says what becomes of a new request when all seats, overage included, are taken.
type WhenFull string

// What a full licence does.
const (
	// WhenFullRefuse refuses it.
	WhenFullRefuse WhenFull = "refuse"
	// WhenFullTake ends the floating lease whose last heartbeat is the longest ago, and
	// gives its seat away. A borrowed one stays.
	WhenFullTake WhenFull = "take"
)

// GroupSeats are seats that are kept for the holders of a group.
type GroupSeats struct {
	// Group is a value of the identity token's claim of groups: up to 128 bytes.
	Group string `json:"group"`
	// Seats is how many are kept: 1 or more, and all together no more than the licence has.
	Seats int `json:"seats"`
}

// Policy is what an administrator decides about a licence beyond its size. The zero Policy
// is the default.
type Policy struct {
	// UserSeats is how many seats one user may hold at once; 0 means any number.
	UserSeats int
	// Reservations keep seats for groups; others share the rest.
	Reservations []GroupSeats
	// Features are the entitlements that every token of the licence names.
	Features []string
	// Grace is how long after ExpiresAt seats that are held are still renewed. Nobody gets a
	// new one then.
	Grace time.Duration
	// LeaseGrace is how long a floating lease keeps its seat after it has ended.
	LeaseGrace time.Duration
	// WhenFull is WhenFullRefuse or WhenFullTake.
	WhenFull WhenFull
	// TakeIdle is how long a lease has to be without a heartbeat before WhenFullTake may
	// end it; 0 means not at all.
	TakeIdle time.Duration
}

// Limited says whether anything but the number of all seats limits who gets one.
func (p Policy) Limited() bool { return p.UserSeats > 0 || len(p.Reservations) > 0 }

// Over is when the licence's own time and its grace are over; the zero time means never.
func (l License) Over() time.Time {
	if l.ExpiresAt.IsZero() {
		return l.ExpiresAt
	}
	return l.ExpiresAt.Add(l.Grace)
}

// featurePattern keeps the names of features short and safe on a command line.
var featurePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// validatePolicy calls add for every field of the policy, and ok says whether its value is allowed.
func (l License) validatePolicy(add func(ok bool, field, why string)) {
	add(l.UserSeats >= 0 && l.UserSeats <= MaxSeats, "userSeats", fmt.Sprintf("must be 0 (no limit) to %d", MaxSeats))
	kept, groups := 0, map[string]bool{}
	for _, r := range l.Reservations {
		add(r.Group != "" && len(r.Group) <= maxGroup && PlainText(r.Group), "reservations", "group must be 1 to 128 bytes, without control characters")
		add(!groups[r.Group], "reservations", "must name each group once")
		add(r.Seats >= 1 && r.Seats <= MaxSeats, "reservations", "seats must be 1 or more")
		groups[r.Group] = true
		kept += min(max(r.Seats, 0), MaxSeats+1)
	}
	add(len(l.Reservations) <= MaxReservations, "reservations", fmt.Sprintf("must be at most %d", MaxReservations))
	add(kept <= l.Seats, "reservations", "must not keep more seats than the licence has")
	add(len(l.Features) <= MaxFeatures, "features", fmt.Sprintf("must be at most %d", MaxFeatures))
	for i, feature := range l.Features {
		add(featurePattern.MatchString(feature), "features", "must be 1 to 64 lower-case letters, digits, dots, underscores and hyphens each, and start with a letter or digit")
		add(!slices.Contains(l.Features[:i], feature), "features", "must name each feature once")
	}
	add(l.Grace >= 0 && l.Grace <= MaxGrace, "graceSeconds", "must be 0 to 7776000 (90 days)")
	add(l.LeaseGrace >= 0 && l.LeaseGrace <= MaxLeaseGrace, "leaseGraceSeconds", "must be 0 to 86400")
	add(l.WhenFull == WhenFullRefuse || l.WhenFull == WhenFullTake, "whenFull", "must be refuse or take")
	add(l.TakeIdle >= 0 && l.TakeIdle <= MaxLeaseTTL, "takeIdleSeconds", "must be 0 to 86400")
}

// policyTerms are what a policy says, always in the same order.
func policyTerms(p Policy) []term {
	kept := make([]string, len(p.Reservations))
	for i, r := range p.Reservations {
		kept[i] = fmt.Sprintf("%d for %q", r.Seats, r.Group)
	}
	full := p.WhenFull
	if full == "" {
		full = WhenFullRefuse
	}
	return []term{
		{"userSeats", fmt.Sprint(p.UserSeats)},
		{"reservations", "[" + strings.Join(kept, " ") + "]"},
		{"features", "[" + strings.Join(p.Features, " ") + "]"},
		{"graceSeconds", fmt.Sprint(p.Grace.Seconds())},
		{"leaseGraceSeconds", fmt.Sprint(p.LeaseGrace.Seconds())},
		{"whenFull", string(full)},
		{"takeIdleSeconds", fmt.Sprint(p.TakeIdle.Seconds())},
	}
}

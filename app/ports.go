package app

import (
	"context"
	"time"
)

// Ledger is the durable store. Every method acts within one tenant, which the
// store enforces itself (row-level security), and in one transaction. A tenant or
// licence that does not exist is an *Error with its code; a store that does not
// answer is Unavailable.
type Ledger interface {
	// Active returns nil for a tenant that may act, else CodeUnknownTenant or
	// CodeTenantSuspended.
	Active(ctx context.Context, tenant string) error
	// License returns a licence, with StatusTenantSuspended while its tenant is suspended.
	License(ctx context.Context, ref LicenseRef) (License, error)
	// Lease returns a lease, ended or open, or CodeLeaseNotFound.
	Lease(ctx context.Context, tenant, lease string) (Lease, error)
	// Open returns all leases of a licence that are not ended.
	Open(ctx context.Context, ref LicenseRef) ([]Lease, error)
	// Seat returns all leases of a licence that are not ended, the latest grants last,
	// and notes that they take their seats at the time `at`: an ending from before
	// does not end them any more.
	Seat(ctx context.Context, ref LicenseRef, at time.Time) ([]Lease, error)
	// Grant ends the endings, writes the lease as open, and records the event, all or
	// nothing, if the licence may be used: License.Usable's codes when not. A lease that
	// was not open is CodeNoSeats when the licence has all the open ones that it allows,
	// and CodeLeaseEnded when its ending was final.
	Grant(ctx context.Context, lease Lease, endings []Ending, event Event) error
	// End ends leases, unless they were seated again later, and records it. A final
	// reason holds against any later seat, and replaces ReasonExpired.
	End(ctx context.Context, tenant string, endings []Ending) error
	// Record appends to the audit trail.
	Record(ctx context.Context, tenant string, event Event) error
	Catalog
	Privacy
	Housekeeping
}

// Catalog is what administrators see and change.
type Catalog interface {
	// CreateLicense returns CodeLicenseExists when the id is taken.
	CreateLicense(ctx context.Context, license License, event Event) (License, error)
	// UpdateLicense reads the licence, lets change alter it, and writes it and the event
	// that change returns, with the row locked in between.
	UpdateLicense(ctx context.Context, ref LicenseRef, change func(*License) (Event, error)) (License, error)
	// Licenses lists in the order of ids, those after the id `after`.
	Licenses(ctx context.Context, tenant, after string, limit int) ([]License, error)
	// Leases lists open leases in the order of ids, those after the id `after`.
	Leases(ctx context.Context, ref LicenseRef, after string, limit int) ([]Lease, error)
	// Events lists the audit trail, newest first, those before the event `before`
	// (0: from the newest).
	Events(ctx context.Context, tenant string, before int64, limit int) ([]Event, error)
}

// PersonalData is what is kept about a tenant's user, or all of its users, or a part
// of it.
type PersonalData struct {
	Leases []Lease
	Events []Event
	// Next is where the rest begins; nil when this is the end.
	Next *Place
}

// Place is how far an export has come: to this lease and to this event. The zero
// Place is the beginning.
type Place struct {
	Lease string
	Event int64
}

// Privacy exports and erases personal data, that of a suspended tenant too.
type Privacy interface {
	// LicenseIDs returns the ids of all licences of a tenant.
	LicenseIDs(ctx context.Context, tenant string) ([]string, error)
	// Export returns what is kept about a user; "" means about all of the tenant's. It
	// begins after a place and returns up to `limit` leases and as many events.
	Export(ctx context.Context, tenant, user string, after Place, limit int, event Event) (PersonalData, error)
	// Erase replaces user, e-mail, fingerprint and address of a user ("": of all)
	// by a pseudonym that leads back to nobody, and returns how many rows changed.
	// What it changed stays so when it fails; the next call goes on from there.
	Erase(ctx context.Context, tenant, user string, event Event) (int64, error)
}

// Housekeeping is what the service does on its own, for every tenant.
type Housekeeping interface {
	// Tenants returns the ids of all tenants.
	Tenants(ctx context.Context) ([]string, error)
	// Busy returns the tenant's licences that have open leases, as License does.
	Busy(ctx context.Context, tenant string) ([]License, error)
	// Pseudonymise erases personal data in leases that ended, and audit events that
	// happened, before the given time; it returns how many rows changed. What it changed
	// stays so when it fails.
	Pseudonymise(ctx context.Context, tenant string, before time.Time) (int64, error)
}

// Reservation asks for a seat.
type Reservation struct {
	// Lease is the id to use when the device has no lease yet.
	Lease string
	// Claim names the request, for Cancel.
	Claim       string
	Fingerprint string
	User        string
	Kind        Kind
	// For is how long the seat is asked for.
	For time.Duration
	// Revive allows no other lease than Lease.
	Revive bool
}

// Reserved is a seat that was given.
type Reserved struct {
	Lease string
	// New is false when the device already held the seat, which was then extended.
	New       bool
	Kind      Kind
	GrantedAt time.Time
	ExpiresAt time.Time
	// Endings have to be ended in the ledger before the lease is handed out.
	Endings []Ending
}

// Extended is the answer to a heartbeat.
type Extended struct {
	ExpiresAt time.Time
	Interval  time.Duration
	// Revived is true when the lease had expired and its seat was still free.
	Revived bool
}

// Rebuild is a rebuild of live seats that was begun.
type Rebuild struct {
	// Ticket names it, for as long as the store keeps its state, a minute at most.
	Ticket string
	// At is the time of the seats' clock.
	At time.Time
}

// Usage is how full a licence is.
type Usage struct {
	InUse int
	// NextFree is when the first lease expires; zero when none is live.
	NextFree time.Time
	// Now is the time of the seats' clock.
	Now time.Time
}

// Seats is the live store. Each method is one atomic step, judged by the store's
// own clock. A store that does not answer is Unavailable; ErrCold asks for Load.
type Seats interface {
	// Reserve reclaims expired seats, then takes one or finds the device's. With none left
	// it returns CodeNoSeats with Exhausted; CodeNotHolder when the device's lease is
	// another user's, CodeLeaseEnded when the wanted lease's ending was final. A new seat
	// is pending: kept for half a minute at most, and unknown to Extend.
	Reserve(ctx context.Context, license License, wanted Reservation) (Reserved, error)
	// Extend is the heartbeat; ErrAbsent when the lease holds no seat, CodeLeaseExpired
	// when it expired and no seat is free, CodeNotHolder when user is not its holder.
	Extend(ctx context.Context, ref LicenseRef, lease, user string) (Extended, error)
	// Confirm makes a reserved seat what the lease says, forgets endings that the ledger
	// has recorded, and reports whether the lease still holds its seat.
	Confirm(ctx context.Context, lease Lease, endings []Ending) (held bool, err error)
	// Cancel gives a pending seat back, unless another request has claimed it since.
	Cancel(ctx context.Context, ref LicenseRef, lease, claim string, why Reason) error
	// Free gives a seat back; an empty user means whoever holds it. ErrAbsent when
	// there is none. The Ending stays with the store until Settled.
	Free(ctx context.Context, ref LicenseRef, lease, user string, why Reason, by Origin) (Ending, error)
	// Reclaim frees expired seats and returns endings that wait for the ledger.
	Reclaim(ctx context.Context, ref LicenseRef) ([]Ending, error)
	// Settled forgets endings that the ledger has recorded.
	Settled(ctx context.Context, ref LicenseRef, endings []Ending) error
	// Begin starts a rebuild, before the ledger is read for it.
	Begin(ctx context.Context, ref LicenseRef) (Rebuild, error)
	// Load makes a cold licence warm from the ledger's open leases, each with a
	// full lease time from now at least, and does nothing to a warm one. It may take a while. When
	// the store lost its state since Begin, what was read may be old: ErrCold.
	Load(ctx context.Context, rebuild Rebuild, license License, open []Lease) error
	// Configure brings a warm licence's numbers and status up to date, unless it has those
	// of a later revision, other than `overruled` (0: none). It returns the revision that
	// it has then.
	Configure(ctx context.Context, license License, overruled int64) (revision int64, err error)
	// Clock tells the store's time.
	Clock(ctx context.Context) (time.Time, error)
	// Usage counts live seats.
	Usage(ctx context.Context, ref LicenseRef) (Usage, error)
	// Absent returns those of the leases that hold no seat, with the clock's time.
	Absent(ctx context.Context, ref LicenseRef, leases []string) ([]string, time.Time, error)
}

// Signer turns claims into a licence token, a JWS in compact form.
type Signer interface {
	Sign(ctx context.Context, claims Claims) (string, error)
}

// Meter counts what the service does. Implementations must not block.
type Meter interface {
	// Lease counts an outcome: "granted", "extended", "exhausted" (refused for want of
	// a seat), "refused" (for any other reason), "revived", "released", "expired".
	Lease(outcome string, n int)
	// Seats sets the number of seats in use of a licence.
	Seats(ref LicenseRef, inUse, seats int)
	// Rebuilt counts a licence whose live seats were rebuilt from the ledger.
	Rebuilt()
}

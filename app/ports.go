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
	// Seat notes that all leases of a licence that are not ended take their seats at the
	// time `at`: an ending from before does not end them any more.
	Seat(ctx context.Context, ref LicenseRef, at time.Time) error
	// Grant ends the endings, and, if the licence may be used, writes the lease as open and
	// records the event: License.Usable's codes when not. A lease that was not open is
	// CodeNoSeats, CodeUserLimit or CodeSeatsReserved when the licence has all the open ones
	// that it allows, and CodeLeaseEnded or CodeLeaseTaken when its ending was final.
	// ErrChanged when the licence or its tenant has another revision now.
	Grant(ctx context.Context, lease Lease, revision int64, endings []Ending, event Event) error
	// End ends leases, unless they were seated again later, and records it. A final
	// reason holds against any later seat, and replaces ReasonExpired.
	End(ctx context.Context, tenant string, endings []Ending) error
	// Record appends to the audit trail.
	Record(ctx context.Context, tenant string, event Event) error
	Catalog
	Credentials
	Reports
	Privacy
	Housekeeping
}

// Catalog has the licences that administrators read and change.
type Catalog interface {
	// CreateLicense returns CodeLicenseExists when the id is taken, and CodeLicenseLimit when the tenant has
	// MaxLicenses.
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

// PersonalData is the stored data of one user or of all users of a tenant, or a page of
// it.
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

// Privacy exports and erases personal data, also for a suspended tenant.
type Privacy interface {
	// OpenOf returns the ids of open leases of a user ("": of all), up to `limit` after the id
	// `after`, in the order of licences and ids.
	OpenOf(ctx context.Context, tenant, user, after string, limit int) ([]string, error)
	// Export returns what is kept about a user; "" means about all of the tenant's. It
	// begins after a place and returns up to `limit` leases and as many events.
	Export(ctx context.Context, tenant, user string, after Place, limit int, event Event) (PersonalData, error)
	// Erase replaces user, e-mail, fingerprint and address of a user ("": of all) by a
	// pseudonym that leads back to nobody, and returns how many rows changed. A failure
	// does not undo its changes; the next call continues from there. OpenErased finds
	// leases that were granted meanwhile.
	Erase(ctx context.Context, tenant, user string, event Event) (int64, error)
	// OpenErased returns the ids of open leases whose holder is a pseudonym, up to 1,000.
	OpenErased(ctx context.Context, tenant string) ([]string, error)
}

// OpenLease is a lease that is not ended, as housekeeping sees it.
type OpenLease struct {
	LicenseRef
	ID       string
	SeatedAt time.Time
	// Revision is that of its licence.
	Revision int64
}

// Settlement is what the ledger has to be told about one licence.
type Settlement struct {
	Ref     LicenseRef
	Endings []Ending
}

// Housekeeping has the methods for what the service does without a request. They are the
// only methods for all tenants at once. They show names and times, and nobody's data.
type Housekeeping interface {
	// Mark names this moment: what is written later, or was not committed yet, is changed
	// since.
	Mark(ctx context.Context) (int64, error)
	// Changed lists up to `limit` licences that were changed since a mark, in the order of
	// names, those after `after`. A License of "" is the tenant itself. It may list more
	// than that, and a mark of 0 means all that were ever changed.
	Changed(ctx context.Context, since int64, after LicenseRef, limit int) ([]LicenseRef, error)
	// Standing returns licences, of any tenants, as License does; not those that do not
	// exist.
	Standing(ctx context.Context, refs []LicenseRef) ([]License, error)
	// All lists up to `limit` licences of a tenant, as License does, in the order of ids, those
	// after the id `after`.
	All(ctx context.Context, tenant, after string, limit int) ([]License, error)
	// OpenLeases lists up to `limit` open leases in the order of tenants, licences and ids,
	// those after `after`, and where to go on; nil is the end.
	OpenLeases(ctx context.Context, after OpenLease, limit int) (found []OpenLease, next *OpenLease, err error)
	// EndAll is End for licences of any tenants, all or nothing.
	EndAll(ctx context.Context, all []Settlement) error
	// Aged visits tenants after one, and returns those with personal data from before the
	// given time, and the tenant to go on after; "" is the end.
	Aged(ctx context.Context, before time.Time, after string) (tenants []string, next string, err error)
	// Pseudonymise erases personal data in some of the leases that ended, and audit events
	// that happened, before the given time; it returns how many rows changed, 0 when there is
	// no more.
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
	// Groups are the user's groups. By is the caller; it is recorded when a lease ends
	// because its seat is taken.
	Groups []string
	By     Origin
	// Revive allows no other lease than Lease.
	Revive bool
	// Take allows that another device loses its seat for this one.
	Take bool
	// Exact requires that the store has the same terms of the licence.
	Exact bool
}

// Reserved is a seat that was given.
type Reserved struct {
	Lease string
	// New is false when the device already held the seat, which was then extended.
	New bool
	// Joined is true when another request for the device has reserved the seat, and it is
	// not confirmed yet.
	Joined    bool
	Kind      Kind
	GrantedAt time.Time
	ExpiresAt time.Time
	// Group is the one whose reserved seat it is, "" for none.
	Group string
	// Regrouped is true when the device's seat counts to another group until it is confirmed: the
	// ledger has that one, and keeps it when the grant fails.
	Regrouped bool
	// Shortens is true when the seat is taken until later than ExpiresAt says, as it was promised by
	// longer terms. It stays so until the lease is confirmed.
	Shortens bool
	// InGrace is true after the licence's own end, in its grace.
	InGrace bool
	// Endings have to be written to the ledger before a client gets the lease.
	Endings []Ending
	// Takes is true when nothing was reserved: the seat would be another device's, and
	// Reservation.Take was not set. The times are those that the lease would have.
	Takes bool
}

// Extended is the answer to a heartbeat.
type Extended struct {
	ExpiresAt time.Time
	Interval  time.Duration
	// Revived is true when the lease had expired and its seat was still free.
	Revived bool
	// InGrace is true after the licence's own end, in its grace.
	InGrace bool
}

// Rebuild is a rebuild of live seats that was begun.
type Rebuild struct {
	// Ticket names it, for as long as the store keeps its state.
	Ticket string
	// At is the time of the seats' clock.
	At time.Time
}

// Look is one of housekeeping's visits to a licence.
type Look struct {
	Ref LicenseRef
	// Leases are asked about: which of them hold no seat? At most 500.
	Leases []string
}

// Looked is what such a visit found.
type Looked struct {
	// Cold says that the licence's live seats have to be loaded; then all other fields are
	// empty.
	Cold bool
	// Endings wait for the ledger. There may be more when they are settled.
	Endings []Ending
	// Absent are the requested leases that hold no seat.
	Absent []string
	// Now is the time of the seats' clock.
	Now time.Time
	// Revision is that of the licence's live numbers.
	Revision int64
}

// Job is housekeeping that is not about one licence.
type Job string

// The jobs, each done by one instance at a time.
const (
	// JobChanges brings live numbers up to date with the ledger.
	JobChanges Job = "changes"
	// JobSweep compares the ledger's open leases with the live seats.
	JobSweep Job = "sweep"
	// JobForget forgets personal data whose time is over.
	JobForget Job = "forget"
)

// Work is what an instance has taken on. Other instances leave it alone for the requested
// time; if it is not done by then, they take it over.
type Work struct {
	// Licenses are to be looked at.
	Licenses []LicenseRef
	// Jobs are to be done, each from the place that it had reached; "" is the beginning.
	Jobs map[Job]string
}

// WorkQueue is the queue of housekeeping, which all instances share.
type WorkQueue interface {
	// Claim takes on work that is due, up to `most` licences, for the time `hold`. The jobs
	// but forgetting are never due later than ten times that.
	Claim(ctx context.Context, owner string, most int, hold time.Duration) (Work, error)
	// Hold extends the claim on a job, and says whether the owner still has it.
	Hold(ctx context.Context, owner string, job Job, hold time.Duration) (bool, error)
	// Done remembers the place that a job has reached, and when it is due again; nothing
	// when it is not the owner's any more.
	Done(ctx context.Context, owner string, job Job, place string, again time.Duration) error
	// Look visits licences, for a set of them in one trip: it reclaims expired seats,
	// measures, and notes when each is due again; `hold` is for those that are not done.
	Look(ctx context.Context, looks []Look, hold time.Duration) ([]Looked, error)
	// Drop forgets a licence that the ledger does not have, and takes it off the queue. One that is live stays.
	Drop(ctx context.Context, ref LicenseRef) error
	// SettledAll is Seats.Settled for licences of any tenants.
	SettledAll(ctx context.Context, all []Settlement) error
	// Fullness is how full all licences are together, and the `most` fullest.
	Fullness(ctx context.Context, most int) (Fullness, error)
}

// Fullness is how many seats are taken, as housekeeping saw it last.
type Fullness struct {
	// Licenses are those with a seat in use; InUse and Seats are the sums over them.
	Licenses, InUse, Seats int
	// Fullest are the licences with the least seats left, in proportion, fullest first.
	Fullest []Filled
}

// Filled is how full one licence is.
type Filled struct {
	Ref          LicenseRef
	InUse, Seats int
}

// Usage is how full a licence is.
type Usage struct {
	InUse int
	// NextFree is when the first seat is free; zero when none is taken.
	NextFree time.Time
	// Reserved is how many leases there are on each group's reserved seats.
	Reserved map[string]int
	// Now is the time of the seats' clock.
	Now time.Time
}

// Seats is the live store. Each method is one atomic step, and uses the store's own
// clock. A store that does not answer is Unavailable; after ErrCold the caller has to
// Load.
type Seats interface {
	// Reserve reclaims expired seats, then takes one or finds the device's. A new seat is
	// pending: kept for half a minute at most, and unknown to Extend.
	//
	// With no seat left it takes one from the lease that has been silent for longest, if the
	// licence allows it and Reservation.Take is set; without Take, Reserved.Takes says that
	// there is such a lease. Otherwise it returns, with Exhausted, CodeNoSeats,
	// CodeSeatsReserved or CodeUserLimit.
	//
	// Other errors are CodeNotHolder when the device's lease belongs to another user,
	// CodeLeaseEnded or CodeLeaseTaken when the wanted lease's ending was final,
	// CodeLicenseExpired for a new lease in the licence's grace, and ErrChanged when
	// Reservation.Exact is set and the store knows later terms.
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
	// there is none. The Ending stays with the store until Settled. Before, it forgets endings
	// that the ledger has recorded.
	Free(ctx context.Context, ref LicenseRef, lease, user string, why Reason, by Origin, settled []Ending) (Ending, error)
	// Reclaim frees expired seats and returns endings that wait for the ledger.
	Reclaim(ctx context.Context, ref LicenseRef) ([]Ending, error)
	// Settled forgets endings that the ledger has recorded. A lease that is over for good loses its seat, if it has one.
	Settled(ctx context.Context, ref LicenseRef, endings []Ending) error
	// Named returns the ids of the tenant's licences where it is kept who ended a lease.
	Named(ctx context.Context, tenant string) ([]string, error)
	// Begin starts a rebuild, before the ledger is read for it: one at a time. ErrBusy
	// while another rebuild runs; ErrWarm when there is nothing to rebuild.
	Begin(ctx context.Context, ref LicenseRef) (Rebuild, error)
	// Stage puts a part of the ledger's open leases aside for Load, each with a full lease time from now, and until
	// License.PromisedUntil, at least. ErrCold when the store lost its state since Begin, because the data that was
	// read may be old.
	Stage(ctx context.Context, rebuild Rebuild, license License, part []Lease) error
	// Load makes a cold licence warm with the staged leases, and does nothing to a warm
	// one. ErrCold as in Stage.
	Load(ctx context.Context, rebuild Rebuild, license License) error
	// Abandon ends a rebuild that failed.
	Abandon(ctx context.Context, ref LicenseRef, rebuild Rebuild) error
	// Configure updates a warm licence's numbers and status, unless it has a later
	// revision, other than `overruled` (0: none). It returns the revision that it has
	// then.
	Configure(ctx context.Context, license License, overruled int64) (revision int64, err error)
	// Clock tells the store's time.
	Clock(ctx context.Context) (time.Time, error)
	// Usage counts live seats.
	Usage(ctx context.Context, ref LicenseRef) (Usage, error)
	WorkQueue
}

// Signer turns claims into a licence token, a JWS in compact form.
type Signer interface {
	Sign(ctx context.Context, claims Claims) (string, error)
}

// Meter counts what the service does. Implementations must not block.
type Meter interface {
	// Lease counts an outcome: "granted", "extended", "exhausted" (refused for want of
	// a seat), "refused" (for any other reason), "revived", "released", "expired", "taken" (its
	// seat was given to another device).
	Lease(outcome string, n int)
	// Full sets how many seats are in use.
	Full(f Fullness)
	// Rebuilt counts a licence whose live seats were rebuilt from the ledger.
	Rebuilt()
}

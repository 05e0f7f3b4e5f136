package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// License is a licence as the API shows it.
type License struct {
	ID                 string            `json:"id"`
	Product            string            `json:"product"`
	Seats              int               `json:"seats"`
	Status             app.Status        `json:"status" enum:"active,suspended,revoked"`
	LeaseSeconds       int               `json:"leaseSeconds"`
	HeartbeatSeconds   int               `json:"heartbeatSeconds"`
	MaxBorrowSeconds   int               `json:"maxBorrowSeconds" doc:"0 when the licence may not be borrowed"`
	Overage            float64           `json:"overage" doc:"1 refuses when the seats are exhausted; 1.2 lets a fifth more in"`
	RequireFingerprint bool              `json:"requireFingerprint" doc:"Whether every lease has to name its device"`
	ExpiresAt          *time.Time        `json:"expiresAt,omitempty" doc:"Missing when the licence never expires"`
	UserSeats          int               `json:"userSeats" doc:"Seats that one user may hold at once; 0: any number"`
	Reservations       []Reservation     `json:"reservations,omitempty" nullable:"false" doc:"Seats that are kept for groups; shown to administrators only"`
	Features           []string          `json:"features,omitempty" nullable:"false" doc:"The entitlements that every token of the licence names"`
	GraceSeconds       int               `json:"graceSeconds" doc:"How long after expiresAt held seats are still renewed"`
	LeaseGraceSeconds  int               `json:"leaseGraceSeconds" doc:"How long a silent lease keeps its seat beyond its end"`
	WhenFull           app.WhenFull      `json:"whenFull" enum:"refuse,take" doc:"What becomes of a new request when all seats, overage included, are taken"`
	TakeIdleSeconds    int               `json:"takeIdleSeconds" doc:"How long a lease has to be without a heartbeat before take may end it"`
	Metadata           map[string]string `json:"metadata,omitempty" doc:"Shown to administrators only"`
	CreatedAt          time.Time         `json:"createdAt"`
	UpdatedAt          time.Time         `json:"updatedAt"`
	Revision           int64             `json:"revision" doc:"Another one after every change: an update that names it is not made when somebody else was faster"`
}

// Reservation is a number of seats that are kept for a group.
type Reservation struct {
	Group string `json:"group" minLength:"1" maxLength:"128" doc:"A value of the identity token's claim of groups" example:"developers"`
	Seats int    `json:"seats" minimum:"1" maximum:"250000" doc:"How many seats are kept for its holders" example:"3"`
}

func licenseOf(l app.License, admin bool) License {
	out := License{
		ID: l.ID, Product: l.Product, Seats: l.Seats, Status: l.Status, LeaseSeconds: int(l.LeaseTTL / time.Second),
		HeartbeatSeconds: int(l.HeartbeatInterval / time.Second), MaxBorrowSeconds: int(l.MaxBorrow / time.Second),
		Overage: l.Overage, RequireFingerprint: l.RequireFingerprint, CreatedAt: l.CreatedAt.UTC(), UpdatedAt: l.UpdatedAt.UTC(),
		UserSeats: l.UserSeats, Features: l.Features, GraceSeconds: int(l.Grace / time.Second), LeaseGraceSeconds: int(l.LeaseGrace / time.Second),
		WhenFull: l.WhenFull, TakeIdleSeconds: int(l.TakeIdle / time.Second), Revision: l.Revision,
	}
	if !l.ExpiresAt.IsZero() {
		expires := l.ExpiresAt.UTC()
		out.ExpiresAt = &expires
	}
	if admin {
		out.Metadata = l.Metadata
		for _, r := range l.Reservations {
			out.Reservations = append(out.Reservations, Reservation(r))
		}
	}
	return out
}

// Terms are the fields of a licence that administrators may set. A field that is
// missing keeps its value, or gets the default in a new licence.
type Terms struct {
	LeaseSeconds       *int              `json:"leaseSeconds,omitempty" minimum:"10" maximum:"86400" doc:"How long a seat stays taken without a heartbeat; default 300"`
	HeartbeatSeconds   *int              `json:"heartbeatSeconds,omitempty" minimum:"1" maximum:"86399" doc:"Default: a third of leaseSeconds"`
	MaxBorrowSeconds   *int              `json:"maxBorrowSeconds,omitempty" minimum:"0" maximum:"7776000" doc:"Default 0: no borrowing"`
	Overage            *float64          `json:"overage,omitempty" minimum:"1" maximum:"2" doc:"Default 1: refuse"`
	RequireFingerprint *bool             `json:"requireFingerprint,omitempty" doc:"Default false: an acquire without a fingerprint takes a new seat; true refuses it"`
	ExpiresAt          *time.Time        `json:"expiresAt,omitempty" doc:"0001-01-01T00:00:00Z takes the expiry away"`
	Metadata           map[string]string `json:"metadata,omitempty" maxProperties:"32"`
	UserSeats          *int              `json:"userSeats,omitempty" minimum:"0" maximum:"250000" doc:"Seats that one user may hold at once; default 0: any number"`
	Reservations       []Reservation     `json:"reservations,omitempty" nullable:"false" maxItems:"32" doc:"All reservations, in place of those of before; an empty list takes them away"`
	Features           []string          `json:"features,omitempty" nullable:"false" maxItems:"32" doc:"All features, in place of those of before, each of 1 to 64 lower-case letters, digits, dots, underscores and hyphens"`
	GraceSeconds       *int              `json:"graceSeconds,omitempty" minimum:"0" maximum:"7776000" doc:"Default 0: nothing is renewed after expiresAt"`
	LeaseGraceSeconds  *int              `json:"leaseGraceSeconds,omitempty" minimum:"0" maximum:"86400" doc:"Default 0: the seat of a silent lease is free at its end"`
	WhenFull           *app.WhenFull     `json:"whenFull,omitempty" enum:"refuse,take" doc:"Default refuse; take ends the floating lease that is silent for longest"`
	TakeIdleSeconds    *int              `json:"takeIdleSeconds,omitempty" minimum:"0" maximum:"86400" doc:"Default 0: take may end any floating lease"`
}

func (t Terms) apply(l *app.License) {
	if t.LeaseSeconds != nil && t.HeartbeatSeconds == nil {
		l.SetLeaseTTL(time.Duration(*t.LeaseSeconds) * time.Second)
	}
	seconds(&l.LeaseTTL, t.LeaseSeconds)
	seconds(&l.HeartbeatInterval, t.HeartbeatSeconds)
	seconds(&l.MaxBorrow, t.MaxBorrowSeconds)
	set(&l.Overage, t.Overage)
	set(&l.RequireFingerprint, t.RequireFingerprint)
	set(&l.ExpiresAt, t.ExpiresAt)
	if t.Metadata != nil {
		l.Metadata = t.Metadata
	}
	t.applyPolicy(&l.Policy)
}

func (t Terms) applyPolicy(p *app.Policy) {
	set(&p.UserSeats, t.UserSeats)
	if t.Reservations != nil {
		p.Reservations = make([]app.GroupSeats, len(t.Reservations))
		for i, r := range t.Reservations {
			p.Reservations[i] = app.GroupSeats(r)
		}
	}
	if t.Features != nil {
		p.Features = t.Features
	}
	seconds(&p.Grace, t.GraceSeconds)
	seconds(&p.LeaseGrace, t.LeaseGraceSeconds)
	set(&p.WhenFull, t.WhenFull)
	seconds(&p.TakeIdle, t.TakeIdleSeconds)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func seconds(to *time.Duration, from *int) {
	if from != nil {
		*to = time.Duration(*from) * time.Second
	}
}

type licenseInput struct{ LicensePath }

type licenseOutput struct{ Body License }

// Reserved says how full a reservation is.
type Reserved struct {
	Group      string `json:"group"`
	Seats      int    `json:"seats"`
	SeatsInUse int    `json:"seatsInUse" doc:"Leases on its seats"`
}

type usageOutput struct {
	Body struct {
		License
		SeatsInUse int        `json:"seatsInUse"`
		NextFreeAt *time.Time `json:"nextFreeAt,omitempty" doc:"When the first seat is free if its lease is not renewed"`
		Reserved   []Reserved `json:"reserved,omitempty" nullable:"false" doc:"How full the reservations are; shown to administrators only"`
	}
}

func (a *api) getLicense(ctx context.Context, who app.Principal, in *licenseInput) (*usageOutput, error) {
	license, usage, err := a.service.GetLicense(ctx, who, in.License)
	if err != nil {
		return nil, err
	}
	out := &usageOutput{}
	out.Body.License, out.Body.SeatsInUse = licenseOf(license, who.Admin), usage.InUse
	if !usage.NextFree.IsZero() {
		out.Body.NextFreeAt = &usage.NextFree
	}
	for _, r := range out.Body.Reservations {
		out.Body.Reserved = append(out.Body.Reserved, Reserved{Group: r.Group, Seats: r.Seats, SeatsInUse: usage.Reserved[r.Group]})
	}
	return out, nil
}

type createInput struct {
	Body struct {
		ID      string `json:"id" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" doc:"Unique within the tenant" example:"team"`
		Product string `json:"product" minLength:"1" maxLength:"256" doc:"What is licensed, the token's audience" example:"coditect-ide"`
		Seats   int    `json:"seats" minimum:"1" maximum:"250000" doc:"How many devices may hold a lease at once" example:"5"`
		Terms
	}
}

func (a *api) createLicense(ctx context.Context, who app.Principal, in *createInput) (*licenseOutput, error) {
	license := app.License{ID: in.Body.ID, Product: in.Body.Product, Seats: in.Body.Seats}
	in.Body.apply(&license)
	created, err := a.service.CreateLicense(ctx, who, license)
	return &licenseOutput{Body: licenseOf(created, true)}, err
}

type updateInput struct {
	LicensePath
	Body struct {
		Product  *string `json:"product,omitempty" minLength:"1" maxLength:"256"`
		Seats    *int    `json:"seats,omitempty" minimum:"1" maximum:"250000"`
		Revision *int    `json:"revision,omitempty" minimum:"0" doc:"That of the licence as it was read: when it was changed since, nothing is done (license_changed). Without, the change is made whatever the licence is"`
		Terms
	}
}

func (a *api) updateLicense(ctx context.Context, who app.Principal, in *updateInput) (*licenseOutput, error) {
	updated, err := a.service.UpdateLicense(ctx, who, in.License, app.ActionUpdate, in.Body.Revision, func(l *app.License) {
		set(&l.Product, in.Body.Product)
		set(&l.Seats, in.Body.Seats)
		in.Body.apply(l)
	})
	return &licenseOutput{Body: licenseOf(updated, true)}, err
}

// setStatus returns the handler that changes a licence's status.
func (a *api) setStatus(action app.Action, status app.Status) func(context.Context, app.Principal, *licenseInput) (*licenseOutput, error) {
	return func(ctx context.Context, who app.Principal, in *licenseInput) (*licenseOutput, error) {
		updated, err := a.service.UpdateLicense(ctx, who, in.License, action, nil, func(l *app.License) { l.Status = status })
		return &licenseOutput{Body: licenseOf(updated, true)}, err
	}
}

func (a *api) registerLicenses() {
	register(a, operation{
		id: "get-license", method: http.MethodGet, path: "/v1/licenses/{license_id}", tag: tagLicences, status: http.StatusOK,
		summary: "A licence and how full it is", codes: []app.Code{app.CodeLicenseNotFound, app.CodeNotForLicense},
	}, a.getLicense)
	register(a, operation{
		id: "create-license", method: http.MethodPost, path: pathLicenses, tag: tagAdministration, status: http.StatusCreated,
		summary: "Add a licence", description: "Administrators only.", codes: []app.Code{app.CodeForbidden, app.CodeLicenseExists, app.CodeLicenseLimit},
	}, a.createLicense)
	changes := []app.Code{app.CodeForbidden, app.CodeLicenseNotFound, app.CodeLicenseRevoked}
	register(a, operation{
		id: "update-license", method: http.MethodPost, path: "/v1/licenses/{license_id}/update", tag: tagAdministration, status: http.StatusOK,
		summary: "Change a licence", description: "With fewer seats than are in use nobody loses a lease; new ones wait. Administrators only.", codes: append([]app.Code{app.CodeLicenseChanged}, changes...),
	}, a.updateLicense)
	register(a, operation{
		id: "suspend-license", method: http.MethodPost, path: "/v1/licenses/{license_id}/suspend", tag: tagAdministration, status: http.StatusOK,
		summary: "Suspend a licence", description: "Acquire and heartbeat are refused until it is reinstated. Administrators only.", codes: changes,
	}, a.setStatus(app.ActionSuspend, app.StatusSuspended))
	register(a, operation{
		id: "reinstate-license", method: http.MethodPost, path: "/v1/licenses/{license_id}/reinstate", tag: tagAdministration, status: http.StatusOK,
		summary: "End a suspension", description: "Administrators only.", codes: changes,
	}, a.setStatus(app.ActionReinstate, app.StatusActive))
	register(a, operation{
		id: "revoke-license", method: http.MethodPost, path: "/v1/licenses/{license_id}/revoke", tag: tagAdministration, status: http.StatusOK,
		summary: "Revoke a licence for good", description: "For a licence that is revoked already it is no error. Administrators only.", codes: []app.Code{app.CodeForbidden, app.CodeLicenseNotFound},
	}, a.setStatus(app.ActionRevoke, app.StatusRevoked))
}

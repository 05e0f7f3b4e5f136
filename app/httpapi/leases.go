package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/app"
)

// LicensePath is the part of an address that names a licence.
type LicensePath struct {
	License string `path:"license_id" minLength:"1" maxLength:"63" doc:"The licence's id" example:"demo"`
}

// LeasePath is the part of an address that names a lease.
type LeasePath struct {
	Lease string `path:"lease_id" minLength:"1" maxLength:"90" doc:"The lease's id, as acquire returned it"`
}

// Grant is the body of acquire's and borrow's answers.
type Grant struct {
	LeaseID          string    `json:"leaseId" doc:"Names the lease in heartbeat and release"`
	LicenseID        string    `json:"licenseId"`
	Kind             app.Kind  `json:"kind" enum:"floating,borrowed"`
	Fingerprint      string    `json:"fingerprint" doc:"The device that holds the lease"`
	Product          string    `json:"product"`
	Seats            int       `json:"seats" doc:"Seats of the licence"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt" doc:"When the seat is lost without a heartbeat"`
	HeartbeatSeconds int       `json:"heartbeatSeconds" doc:"Send a heartbeat this often"`
	Features         []string  `json:"features,omitempty" nullable:"false" doc:"The licence's entitlements, which the token names too"`
	Reservation      string    `json:"reservation,omitempty" doc:"The group whose reserved seat this is; missing when it is one of the rest"`
	InGrace          bool      `json:"inGrace,omitempty" doc:"The licence's own time is over: held seats are renewed for some time more, and no new ones granted"`
	Token            string    `json:"token" doc:"The licence token: a JWS (RS512) that verifies with /.well-known/jwks.json"`
}

func grantOf(g app.Grant) Grant {
	return Grant{
		LeaseID: g.Lease.ID, LicenseID: g.License.ID, Kind: g.Lease.Kind, Fingerprint: g.Lease.Fingerprint,
		Product: g.License.Product, Seats: g.License.Seats, IssuedAt: g.Lease.GrantedAt, ExpiresAt: g.Lease.ExpiresAt,
		HeartbeatSeconds: int(g.License.HeartbeatInterval / time.Second), Token: g.Token,
		Features: g.License.Features, Reservation: g.Lease.Reservation, InGrace: g.InGrace,
	}
}

// grantStatus is 201 for a new lease and 200 for an extended one.
func grantStatus(g app.Grant) int {
	if g.New {
		return http.StatusCreated
	}
	return http.StatusOK
}

type acquireInput struct {
	LicensePath
	Body *struct {
		Fingerprint Device `json:"fingerprint,omitzero"`
	}
}

type grantOutput struct {
	Status int
	Body   Grant
}

func (a *api) acquire(ctx context.Context, who app.Principal, in *acquireInput) (*grantOutput, error) {
	device := Device{}
	if in.Body != nil {
		device = in.Body.Fingerprint
	}
	fingerprint, err := device.fingerprint()
	if err != nil {
		return nil, err
	}
	g, err := a.service.Acquire(ctx, who, in.License, fingerprint)
	if err != nil {
		return nil, err
	}
	return &grantOutput{Status: grantStatus(g), Body: grantOf(g)}, nil
}

type borrowInput struct {
	LicensePath
	Body struct {
		Fingerprint     string `json:"fingerprint" minLength:"1" maxLength:"256" doc:"Names the device" example:"device-7f3a"`
		DurationSeconds int    `json:"durationSeconds" minimum:"60" maximum:"7776000" doc:"How long the device will be offline" example:"86400"`
	}
}

type borrowOutput struct {
	Status int
	Body   struct {
		Grant
		File string `json:"file" doc:"The licence file: the token in armor, to be saved on the device and verified offline"`
	}
}

func (a *api) borrow(ctx context.Context, who app.Principal, in *borrowInput) (*borrowOutput, error) {
	g, err := a.service.Borrow(ctx, who, in.License, in.Body.Fingerprint, time.Duration(in.Body.DurationSeconds)*time.Second)
	if err != nil {
		return nil, err
	}
	out := &borrowOutput{Status: grantStatus(g)}
	out.Body.Grant, out.Body.File = grantOf(g), app.LicenseFile(g.Token)
	return out, nil
}

type leaseInput struct{ LeasePath }

type heartbeatOutput struct {
	Body struct {
		LeaseID          string    `json:"leaseId"`
		ExpiresAt        time.Time `json:"expiresAt" doc:"When the seat is lost without another heartbeat, by the server's clock"`
		HeartbeatSeconds int       `json:"heartbeatSeconds"`
		Revived          bool      `json:"revived,omitempty" doc:"The lease had expired, and its seat was still free"`
		InGrace          bool      `json:"inGrace,omitempty" doc:"The licence's own time is over: held seats are renewed for some time more"`
	}
}

func (a *api) heartbeat(ctx context.Context, who app.Principal, in *leaseInput) (*heartbeatOutput, error) {
	extended, err := a.service.Heartbeat(ctx, who, in.Lease)
	if err != nil {
		return nil, err
	}
	return heartbeatAnswer(in.Lease, extended), nil
}

func heartbeatAnswer(lease string, extended app.Extended) *heartbeatOutput {
	out := &heartbeatOutput{}
	out.Body.LeaseID, out.Body.ExpiresAt = lease, extended.ExpiresAt
	out.Body.HeartbeatSeconds, out.Body.Revived = int(extended.Interval/time.Second), extended.Revived
	out.Body.InGrace = extended.InGrace
	return out
}

func (a *api) release(ctx context.Context, who app.Principal, in *leaseInput) (*struct{}, error) {
	return nil, a.service.Release(ctx, who, in.Lease)
}

func (a *api) forceRelease(ctx context.Context, who app.Principal, in *leaseInput) (*struct{}, error) {
	return nil, a.service.ForceRelease(ctx, who, in.Lease)
}

func (a *api) registerLeases() {
	unusable := []app.Code{app.CodeLicenseNotFound, app.CodeLicenseSuspended, app.CodeLicenseRevoked, app.CodeLicenseExpired, app.CodeNotHolder, app.CodeNotForLicense, app.CodeNoSeats, app.CodeUserLimit, app.CodeSeatsReserved, app.CodeLeaseEnded}
	register(a, operation{
		id: "acquire", method: http.MethodPost, path: "/v1/licenses/{license_id}/acquire", tag: tagLeases, status: http.StatusCreated, also: http.StatusOK,
		summary: "Take a seat", description: "201 with a new lease, 200 when the device's lease was extended. Either way with a fresh licence token.",
		codes: unusable,
	}, a.acquire)
	register(a, operation{
		id: "borrow", method: http.MethodPost, path: "/v1/licenses/{license_id}/borrow", tag: tagLeases, status: http.StatusCreated, also: http.StatusOK,
		summary: "Take a seat offline", description: "A lease that needs no heartbeat, up to the licence's longest borrow time. Return it early with release.",
		codes: append([]app.Code{app.CodeBorrowNotAllowed}, unusable...),
	}, a.borrow)
	register(a, operation{
		id: "heartbeat", method: http.MethodPost, path: "/v1/leases/{lease_id}/heartbeat", tag: tagLeases, status: http.StatusOK,
		summary: "Keep a seat", description: "Extends the lease by the server's clock. An expired lease is revived while a seat is free.",
		codes: []app.Code{app.CodeLeaseNotFound, app.CodeLeaseExpired, app.CodeLeaseEnded, app.CodeLeaseTaken, app.CodeNotHolder, app.CodeNotForLicense, app.CodeLicenseSuspended, app.CodeLicenseRevoked, app.CodeLicenseExpired},
	}, a.heartbeat)
	register(a, operation{
		id: "release", method: http.MethodPost, path: "/v1/leases/{lease_id}/release", tag: tagLeases, status: http.StatusNoContent,
		summary: "Give a seat back", description: "Frees the seat at once. A lease that is over already is no error.",
		codes: []app.Code{app.CodeLeaseNotFound, app.CodeNotHolder, app.CodeNotForLicense}, whenSuspended: true,
	}, a.release)
	register(a, operation{
		id: "force-release", method: http.MethodPost, path: "/v1/leases/{lease_id}/force-release", tag: tagAdministration, status: http.StatusNoContent,
		summary: "Take a lease away", description: "Whoever holds it. Administrators only.",
		codes: []app.Code{app.CodeForbidden, app.CodeLeaseNotFound}, whenSuspended: true,
	}, a.forceRelease)
}

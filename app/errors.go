package app

import (
	"errors"
	"time"
)

// Code is a stable, machine-readable name of what went wrong. Clients may rely on it; the
// text may change.
type Code string

// The error vocabulary. docs/api.md explains each one.
const (
	CodeMissingAuth      Code = "missing_auth"
	CodeInvalidToken     Code = "invalid_token"
	CodeMissingTenant    Code = "missing_tenant"
	CodeUnknownTenant    Code = "unknown_tenant"
	CodeTenantSuspended  Code = "tenant_suspended"
	CodeForbidden        Code = "forbidden"
	CodeCrossOrigin      Code = "cross_origin_refused"
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
	CodeLicenseNotFound  Code = "license_not_found"
	CodeLicenseExists    Code = "license_exists"
	CodeLicenseLimit     Code = "too_many_licenses"
	// CodeLicenseChanged: the licence is not as it was when the caller read it.
	CodeLicenseChanged    Code = "license_changed"
	CodeLicenseSuspended  Code = "license_suspended"
	CodeLicenseRevoked    Code = "license_revoked"
	CodeLicenseExpired    Code = "license_expired"
	CodeNoSeats           Code = "no_seats_available"
	CodeUserLimit         Code = "user_limit_reached"
	CodeSeatsReserved     Code = "seats_reserved"
	CodeLeaseNotFound     Code = "lease_not_found"
	CodeLeaseExpired      Code = "lease_expired"
	CodeLeaseEnded        Code = "lease_ended"
	CodeLeaseTaken        Code = "lease_taken"
	CodeNotHolder         Code = "not_lease_holder"
	CodeBorrowNotAllowed  Code = "borrow_not_allowed"
	CodeValidation        Code = "validation_failed"
	CodeMalformed         Code = "malformed_request"
	CodeBodyTooLarge      Code = "body_too_large"
	CodeUnsupportedMedia  Code = "unsupported_media_type"
	CodeIdempotencyReused Code = "idempotency_key_reused"
	CodeIdempotencyBusy   Code = "idempotency_in_progress"
	CodeTooManyRequests   Code = "too_many_requests"
	// CodeNotForLicense: a service credential is not for the licence, if there is one.
	CodeNotForLicense      Code = "credential_not_for_license"
	CodeCredentialNotFound Code = "credential_not_found"
	CodeCredentialExists   Code = "credential_exists"
	CodeCredentialLimit    Code = "too_many_credentials"
	CodeUnavailable        Code = "dependency_unavailable"
	CodeInternal           Code = "internal_error"
)

// FieldError names one part of a request that is wrong.
type FieldError struct {
	// Field is a path such as "body.seats".
	Field   string `json:"field" doc:"Where it is wrong, such as body.seats"`
	Message string `json:"message" doc:"What would be accepted"`
}

// Exhausted tells a refused client how full the licence is, or (CodeUserLimit) how many seats
// the user may hold and holds.
type Exhausted struct {
	Seats int
	InUse int
	// Reserved is how many of the free seats are kept for groups (CodeSeatsReserved).
	Reserved int
	// NextFree is when the first lease expires if nobody renews it.
	NextFree time.Time
}

// Error is every failure that a caller is told about.
type Error struct {
	Code Code
	// Detail is for people. It never holds internals, secrets or personal data.
	Detail string
	// RetryAfter, when not 0, says when the same call may succeed.
	RetryAfter time.Duration
	Fields     []FieldError
	Exhausted  *Exhausted
	// Cause is for the log only.
	Cause error
}

// Error returns code, detail and cause on one line, for logs.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Detail
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// NewError returns an Error with a code and a sentence for people.
func NewError(code Code, detail string) *Error { return &Error{Code: code, Detail: detail} }

// InvalidToken refuses an identity token or a service credential that is not good. The answer
// is the same for all of them; why is for the log only.
func InvalidToken(cause error) *Error {
	return &Error{Code: CodeInvalidToken, Detail: "the identity token or credential is not valid", Cause: cause}
}

// CodeOf returns the code inside err, CodeInternal when it has none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var known *Error
	if errors.As(err, &known) {
		return known.Code
	}
	return CodeInternal
}

// Unavailable says that something the service depends on ("ledger", "seats",
// "signing key") does not answer, and that the caller may try again soon.
func Unavailable(dependency string, cause error) *Error {
	return &Error{
		Code:       CodeUnavailable,
		Detail:     "the " + dependency + " cannot be reached at the moment; try again",
		RetryAfter: 5 * time.Second,
		Cause:      cause,
	}
}

// ErrCold is returned by Seats when it does not hold a licence's live state, or
// holds one that may be older than the last grant. Load makes it warm again.
var ErrCold = errors.New("the licence's live seats are not loaded")

// ErrBusy is returned by Seats.Begin while somebody else rebuilds the licence, and
// ErrWarm when its live seats are there.
var (
	ErrBusy = errors.New("somebody else loads the licence's live seats")
	ErrWarm = errors.New("the licence's live seats are loaded")
)

// ErrChanged is returned by Ledger.Grant, and by Seats.Reserve when it has to be exact, for a
// lease by the terms of a licence that has others by now: nothing was done.
var ErrChanged = errors.New("the licence was changed meanwhile")

// ErrBacklog is returned by Seats.Reserve when so many reclaimed leases wait for
// the ledger that they have to be settled first.
var ErrBacklog = errors.New("too many reclaimed leases wait for the ledger")

// ErrAbsent is returned by Seats when the lease holds no seat.
var ErrAbsent = errors.New("the lease holds no seat")

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coditect-ai/license-platform/app"
)

// Problem is the body of every error: RFC 9457 problem details with a stable code.
type Problem struct {
	Type   string   `json:"type" doc:"A URI that names the kind of problem" example:"urn:license-api:problem:no_seats_available"`
	Title  string   `json:"title" doc:"The status code in words" example:"Conflict"`
	Status int      `json:"status" doc:"The HTTP status code" example:"409"`
	Code   app.Code `json:"code" doc:"The stable, machine-readable name of the problem" example:"no_seats_available"`
	Detail string   `json:"detail" doc:"What happened, for people" example:"all seats of the licence are in use"`
	// RequestID finds the request in the service's logs.
	RequestID  string           `json:"requestId,omitempty" doc:"Finds the request in the service's logs"`
	Errors     []app.FieldError `json:"errors,omitempty" nullable:"false" doc:"Every field that is wrong"`
	Seats      *int             `json:"seats,omitempty" doc:"Seats of the licence (no_seats_available, seats_reserved), or those that one user may hold (user_limit_reached)"`
	SeatsInUse *int             `json:"seatsInUse,omitempty" doc:"Live leases: all, or the user's (user_limit_reached)"`
	Reserved   *int             `json:"seatsReserved,omitempty" doc:"Free seats that are kept for groups (seats_reserved)"`
	NextFreeAt *time.Time       `json:"nextFreeAt,omitempty" doc:"When the first seat is free if its lease is not renewed (no_seats_available, seats_reserved)"`

	retryAfter time.Duration
}

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
)

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}
	if p.retryAfter > 0 {
		headers.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		headers.Set("WWW-Authenticate", "Bearer")
	}
	return headers
}

// StatusOf returns the HTTP status that goes with a code.
func StatusOf(code app.Code) int {
	switch code {
	case app.CodeMissingAuth, app.CodeInvalidToken:
		return http.StatusUnauthorized
	case app.CodeMissingTenant, app.CodeUnknownTenant, app.CodeTenantSuspended, app.CodeForbidden, app.CodeCrossOrigin,
		app.CodeLicenseSuspended, app.CodeLicenseRevoked, app.CodeLicenseExpired, app.CodeNotHolder, app.CodeBorrowNotAllowed, app.CodeNotForLicense:
		return http.StatusForbidden
	case app.CodeNotFound, app.CodeLicenseNotFound, app.CodeLeaseNotFound, app.CodeCredentialNotFound:
		return http.StatusNotFound
	case app.CodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case app.CodeNoSeats, app.CodeUserLimit, app.CodeSeatsReserved, app.CodeLicenseExists, app.CodeLicenseLimit, app.CodeLicenseChanged, app.CodeIdempotencyBusy, app.CodeCredentialExists, app.CodeCredentialLimit:
		return http.StatusConflict
	case app.CodeLeaseExpired, app.CodeLeaseEnded, app.CodeLeaseTaken:
		return http.StatusGone
	case app.CodeBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case app.CodeUnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case app.CodeMalformed:
		return http.StatusBadRequest
	case app.CodeValidation, app.CodeIdempotencyReused:
		return http.StatusUnprocessableEntity
	case app.CodeTooManyRequests:
		return http.StatusTooManyRequests
	case app.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problemOf describes an error. What the vocabulary does not know becomes
// CodeInternal, without a word of what it was.
func problemOf(ctx context.Context, err error) *Problem {
	var known *app.Error
	if !errors.As(err, &known) {
		known = app.NewError(app.CodeInternal, "the service made a mistake; the request id finds it in the logs")
	}
	status := StatusOf(known.Code)
	p := &Problem{
		Type: "urn:license-api:problem:" + string(known.Code), Title: http.StatusText(status), Status: status,
		Code: known.Code, Detail: known.Detail, RequestID: requestOf(ctx).id, Errors: known.Fields, retryAfter: known.RetryAfter,
	}
	if full := known.Exhausted; full != nil {
		p.Seats, p.SeatsInUse = &full.Seats, &full.InUse
		if known.Code == app.CodeSeatsReserved {
			p.Reserved = &full.Reserved
		}
		if !full.NextFree.IsZero() {
			p.NextFreeAt = &full.NextFree
		}
	}
	return p
}

// writeProblem answers with err outside of huma: in the middleware.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	requestOf(r.Context()).fail(p.Code, err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	encoder := json.NewEncoder(w)
	// As huma does: this is no HTML.
	encoder.SetEscapeHTML(false)
	// The client may be gone; there is nobody left to tell.
	_ = encoder.Encode(p)
}

// translate turns huma's own errors (validation, unreadable bodies) into Problems.
// It never repeats what the client sent.
func translate(ctx huma.Context, _ string, value any) (any, error) {
	found, ok := value.(*huma.ErrorModel)
	if !ok {
		return value, nil
	}
	known := &app.Error{Code: codeOfStatus(found.Status), Detail: found.Detail}
	for _, detail := range found.Errors {
		if detail == nil || known.Code == app.CodeInternal {
			continue
		}
		field := detail.Location
		if field == "" {
			field = "body"
		}
		known.Fields = append(known.Fields, app.FieldError{Field: field, Message: detail.Message})
	}
	if known.Code == app.CodeInternal {
		known.Detail = "the service made a mistake; the request id finds it in the logs"
	}
	p := problemOf(ctx.Context(), known)
	p.Status, p.Title = found.Status, http.StatusText(found.Status)
	requestOf(ctx.Context()).fail(p.Code, known)
	return p, nil
}

func codeOfStatus(status int) app.Code {
	switch status {
	case http.StatusBadRequest:
		return app.CodeMalformed
	case http.StatusRequestEntityTooLarge:
		return app.CodeBodyTooLarge
	case http.StatusUnsupportedMediaType:
		return app.CodeUnsupportedMedia
	case http.StatusUnprocessableEntity:
		return app.CodeValidation
	}
	return app.CodeInternal
}

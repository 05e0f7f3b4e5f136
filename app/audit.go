package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Action names what an audit event is about.
type Action string

// The actions in the audit trail.
const (
	ActionAcquire      Action = "lease.acquire"
	ActionRevive       Action = "lease.revive"
	ActionBorrow       Action = "lease.borrow"
	ActionRelease      Action = "lease.release"
	ActionForceRelease Action = "lease.force_release"
	// ActionTake: the licence was full, and its seat was given to the user whom the event names.
	ActionTake   Action = "lease.take"
	ActionExpire Action = "lease.expire"
	// ActionCancel: a lease was written, but could not be given to the client.
	ActionCancel    Action = "lease.cancel"
	ActionCreate    Action = "license.create"
	ActionUpdate    Action = "license.update"
	ActionSuspend   Action = "license.suspend"
	ActionReinstate Action = "license.reinstate"
	ActionRevoke    Action = "license.revoke"
	// ActionDeclareLicense and ActionDeclareTenant: the stack's settings changed one.
	ActionDeclareLicense   Action = "license.declare"
	ActionDeclareTenant    Action = "tenant.declare"
	ActionCreateCredential Action = "credential.create"
	ActionRevokeCredential Action = "credential.revoke"
	ActionExport           Action = "privacy.export"
	ActionErase            Action = "privacy.erase"
	// ActionPseudonymise: the retention time of personal data was over.
	ActionPseudonymise Action = "privacy.pseudonymise"
	// ActionRefuse: what the caller asked for was refused; Event.Code says why.
	ActionRefuse Action = "request.refuse"
)

// DetailExtended is the detail of a lease that was granted again, or revived, before the ledger
// had ended it: the licence is not fuller than before.
const DetailExtended = "extended"

// Origin says who caused something, and from where; the zero Origin is the service
// itself.
type Origin struct {
	User    string `json:"user,omitempty"`
	Address string `json:"address,omitempty"`
	// RequestID finds the request's log lines.
	RequestID string `json:"requestId,omitempty"`
}

// Event is one line of the audit trail: who did what, to what, when, from where.
type Event struct {
	ID int64
	At time.Time
	Origin
	Action  Action
	License string
	Lease   string
	// Code is the error code of a refusal, empty when the action succeeded.
	Code Code
	// Detail says what the action changed, whom it affected, or what was refused. It
	// never names a user, but contains a digest instead.
	Detail string
}

// origin is the caller as the audit trail names them.
func (p Principal) origin() Origin {
	return Origin{User: p.User, Address: p.Address, RequestID: p.RequestID}
}

// event starts an audit event for the caller.
func (p Principal) event(action Action, license, lease string) Event {
	return Event{Origin: p.origin(), Action: action, License: license, Lease: lease}
}

// record appends to the audit trail what has happened already, even when the caller has
// hung up.
func (s *Service) record(ctx context.Context, tenant string, event Event) {
	s.note(ctx, tenant, event, s.ledger.Record)
}

func (s *Service) note(ctx context.Context, tenant string, event Event, write func(context.Context, string, Event) error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := write(ctx, tenant, event); err != nil {
		s.log.ErrorContext(ctx, "an event could not be written to the audit trail", "tenant", tenant, "action", event.Action,
			"license", event.License, "lease", event.Lease, "code", event.Code, "detail", event.Detail, "error", err)
	}
}

// Noted says whether refusals with the code are written to the audit trail. Not those that the
// ledger could not take either, and those that protect the service: Unavailable, internal errors,
// unknown tenants and too many requests.
func Noted(code Code) bool {
	switch code {
	case CodeUnavailable, CodeInternal, CodeUnknownTenant, CodeTooManyRequests:
		return false
	}
	return true
}

// Refused writes a refusal to the audit trail: the request, its licence and lease ("" for
// none), and the reason, if that is Noted.
func (s *Service) Refused(ctx context.Context, who Principal, asked, license, lease string, code Code) {
	if !Noted(code) {
		return
	}
	// What nothing can be called is not written down either.
	ofLease, known := LicenseOfLease(lease)
	if !known {
		lease = ""
	} else if license == "" {
		license = ofLease
	}
	if !validLicenseID(license) {
		license = ""
	}
	event := who.event(ActionRefuse, license, lease)
	event.Code, event.Detail = code, asked
	s.note(ctx, who.Tenant, event, s.ledger.Refuse)
}

// subject replaces a user in an event's detail.
func subject(tenant, user string) string {
	if user == "" {
		return "all users"
	}
	sum := sha256.Sum256([]byte(tenant + "\x00" + user))
	return "user sha256:" + hex.EncodeToString(sum[:16])
}

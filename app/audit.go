package app

import "time"

// Action names what an audit event is about.
type Action string

// The actions in the audit trail.
const (
	ActionAcquire       Action = "lease.acquire"
	ActionRefuse        Action = "lease.refuse"
	ActionRevive        Action = "lease.revive"
	ActionBorrow        Action = "lease.borrow"
	ActionRelease       Action = "lease.release"
	ActionForceRelease  Action = "lease.force_release"
	ActionExpire        Action = "lease.expire"
	ActionCreate        Action = "license.create"
	ActionUpdate        Action = "license.update"
	ActionSuspend       Action = "license.suspend"
	ActionReinstate     Action = "license.reinstate"
	ActionRevoke        Action = "license.revoke"
	ActionExport        Action = "privacy.export"
	ActionErase         Action = "privacy.erase"
	ActionPseudonymised Action = "privacy.pseudonymise"
)

// Event is one line of the audit trail: who did what, to what, when, from where.
type Event struct {
	ID int64
	At time.Time
	// User is the subject of the caller's token, empty when the service itself acted.
	User    string
	Address string
	// RequestID finds the request's log lines.
	RequestID string
	Action    Action
	License   string
	Lease     string
	// Code is the error code of a refusal, empty when the action succeeded.
	Code Code
}

// event starts an audit event for the caller.
func (p Principal) event(action Action, license, lease string) Event {
	return Event{User: p.User, Address: p.Address, RequestID: p.RequestID, Action: action, License: license, Lease: lease}
}

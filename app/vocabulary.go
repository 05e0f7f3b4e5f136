package app

// Codes returns the whole error vocabulary, for documents.
func Codes() []Code {
	return []Code{
		CodeMissingAuth, CodeInvalidToken, CodeMissingTenant, CodeUnknownTenant, CodeTenantSuspended, CodeForbidden,
		CodeCrossOrigin, CodeNotFound, CodeMethodNotAllowed, CodeLicenseNotFound, CodeLicenseExists, CodeLicenseLimit, CodeLicenseChanged, CodeLicenseSuspended,
		CodeLicenseRevoked, CodeLicenseExpired, CodeNoSeats, CodeUserLimit, CodeSeatsReserved, CodeLeaseNotFound, CodeLeaseExpired, CodeLeaseEnded, CodeLeaseTaken,
		CodeNotHolder, CodeBorrowNotAllowed, CodeValidation, CodeMalformed, CodeBodyTooLarge, CodeUnsupportedMedia,
		CodeIdempotencyReused, CodeIdempotencyBusy, CodeTooManyRequests, CodeUnavailable, CodeInternal,
		CodeNotForLicense, CodeCredentialNotFound, CodeCredentialExists, CodeCredentialLimit,
	}
}

// Actions returns all actions of the audit trail, for documents.
func Actions() []Action {
	return []Action{
		ActionAcquire, ActionRevive, ActionBorrow, ActionRelease, ActionForceRelease, ActionTake, ActionExpire, ActionCancel,
		ActionCreate, ActionUpdate, ActionSuspend, ActionReinstate, ActionRevoke, ActionDeclareLicense, ActionDeclareTenant,
		ActionCreateCredential, ActionRevokeCredential, ActionExport, ActionErase, ActionPseudonymise, ActionRefuse,
	}
}

// Reasons returns all ends of a lease, for documents.
func Reasons() []Reason {
	return []Reason{ReasonReleased, ReasonExpired, ReasonForced, ReasonCancelled, ReasonTaken}
}

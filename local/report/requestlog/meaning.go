package requestlog

import (
	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

// meaning is where a problem arises, and why.
type meaning struct {
	layer int
	why   string
}

// say explains a code; one that is not known speaks for itself.
func (m meaning) say(code string) string {
	if m.why == "" {
		return code
	}
	return code + ": " + m.why
}

// meanings explains the API's problem codes.
func meanings() map[string]meaning {
	all := map[string]meaning{}
	for number, codes := range map[int]map[app.Code]string{
		layer.Identity: {
			app.CodeMissingAuth:       "no token",
			app.CodeInvalidToken:      "the token or credential is forged, expired, revoked or not of this project",
			app.CodeMissingTenant:     "the token names no tenant",
			app.CodeUnknownTenant:     "the tenant has no account here",
			app.CodeTenantSuspended:   "the tenant is suspended",
			app.CodeForbidden:         "the caller lacks the role",
			app.CodeCrossOrigin:       "a web page of a foreign origin",
			app.CodeNotFound:          "the API has no such address",
			app.CodeMethodNotAllowed:  "the address does not take this method",
			app.CodeLicenseSuspended:  "the licence is suspended",
			app.CodeLicenseRevoked:    "the licence is revoked",
			app.CodeLicenseExpired:    "the licence has expired",
			app.CodeNotHolder:         "the lease belongs to another user",
			app.CodeBorrowNotAllowed:  "the licence cannot be borrowed",
			app.CodeNotForLicense:     "the service credential is not for this licence",
			app.CodeValidation:        "a field of the request is wrong",
			app.CodeMalformed:         "the request cannot be read",
			app.CodeBodyTooLarge:      "the body is too large",
			app.CodeUnsupportedMedia:  "the body is not JSON",
			app.CodeIdempotencyReused: "the idempotency key belongs to another request",
			app.CodeIdempotencyBusy:   "the same request is under way",
			app.CodeTooManyRequests:   "too many requests of this tenant at once",
			app.CodeInternal:          "the API made a mistake",
		},
		layer.Data: {
			app.CodeLicenseNotFound:    "the rows of the tenant hold no such licence",
			app.CodeLeaseNotFound:      "the rows of the tenant hold no such lease",
			app.CodeLeaseExpired:       "the lease has expired and its seat is taken",
			app.CodeLeaseEnded:         "the lease has ended",
			app.CodeLicenseExists:      "the licence exists",
			app.CodeLicenseLimit:       "the tenant has as many licences as it may",
			app.CodeLicenseChanged:     "the licence is not as it was when the caller read it",
			app.CodeCredentialNotFound: "the rows of the tenant hold no such credential",
			app.CodeCredentialExists:   "a credential has this name",
			app.CodeCredentialLimit:    "the tenant has as many credentials as it may",
			app.CodeNoSeats:            "all seats are taken; they are counted in one step",
			app.CodeUserLimit:          "the user holds as many seats as one user may",
			app.CodeSeatsReserved:      "the seats that are free are kept for others",
			app.CodeLeaseTaken:         "the seat went to another device, because the licence was full",
			app.CodeUnavailable:        "a store or the signing key does not answer",
		},
	} {
		for code, why := range codes {
			all[string(code)] = meaning{number, why}
		}
	}
	return all
}

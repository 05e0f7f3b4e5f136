package app

import "context"

// Answer is a finished response to a request that carried an Idempotency-Key.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
}

// Answers remembers such answers for a day, per tenant, user and key.
type Answers interface {
	// Begin claims the key for a request, named by a digest. It returns the earlier
	// answer, or nil when the caller is first. A key that was used for another request
	// is CodeIdempotencyReused; a request still being worked on is CodeIdempotencyBusy.
	Begin(ctx context.Context, who Principal, key, request string) (*Answer, error)
	// Finish keeps the answer. A failure that may pass (5xx, 429) is forgotten
	// instead, so that the request can be sent again.
	Finish(ctx context.Context, who Principal, key, request string, answer Answer) error
	// Forget drops what is remembered for a user of the tenant; "" means for all users.
	Forget(ctx context.Context, tenant, user string) error
}

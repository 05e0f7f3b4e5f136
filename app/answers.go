package app

import (
	"context"
	"time"
)

// Answer is a finished response to a request that carried an Idempotency-Key.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
}

// Answers remembers such answers, per tenant, user and key, as long as there is room for
// them: a tenant's newest push out its oldest, and a store that fills keeps none.
type Answers interface {
	// Begin claims the key for a request, named by a digest. It returns the earlier answer. It returns nil for the
	// first caller, and when there is no room to remember callers. A key that was used for another request is
	// CodeIdempotencyReused; a request still being worked on is CodeIdempotencyBusy.
	Begin(ctx context.Context, who Principal, key, request string) (*Answer, error)
	// Finish keeps the answer for a time; 0 means that it is not remembered, so that the
	// request can be sent again. A full store, or a key that was forgotten since the
	// request began, is not an error: then no answer is kept.
	Finish(ctx context.Context, who Principal, key, request string, answer Answer, keep time.Duration) error
	// Forget drops what is remembered for a user of the tenant; "" means for all users.
	Forget(ctx context.Context, tenant, user string) error
}

package daemon

import (
	"context"
	"net/http"
	"net/url"

	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
	"github.com/coditect-ai/license-platform/local/scenario/drift"
)

// SetFault makes a part fail, or heals it, and returns the names of what fails
// then.
func (c *Client) SetFault(ctx context.Context, name string, active bool) ([]string, error) {
	var failing []string
	return failing, c.call(ctx, http.MethodPost, "/faults", FaultRequest{name, active}, &failing)
}

// Begin tells the console that a command begins: up, refresh, drift or attack.
func (c *Client) Begin(ctx context.Context, command string) error {
	var answer string
	return c.call(ctx, http.MethodPost, "/begin", command, &answer)
}

// Drift changes the cloud behind Pulumi's back and returns what it did.
func (c *Client) Drift(ctx context.Context) ([]drift.Change, error) {
	var done []drift.Change
	return done, c.call(ctx, http.MethodPost, "/drift", nil, &done)
}

// Undrift puts back what Drift changed.
func (c *Client) Undrift(ctx context.Context) error {
	var answer string
	return c.call(ctx, http.MethodDelete, "/drift", nil, &answer)
}

// Inbox lists what the alerts told to whom, the newest first.
func (c *Client) Inbox(ctx context.Context) ([]monitoring.Notification, error) {
	var found []monitoring.Notification
	return found, c.call(ctx, http.MethodGet, "/inbox", nil, &found)
}

// SetPace makes the time of alerts run faster by a factor, or at real time again.
func (c *Client) SetPace(ctx context.Context, pace monitoring.Pace) error {
	var answer monitoring.Pace
	return c.call(ctx, http.MethodPost, "/pace", pace, &answer)
}

// Requests returns the ways of the latest requests with this trace id, the newest
// first; all of them when it is empty.
func (c *Client) Requests(ctx context.Context, traceID string) ([]requestlog.Passage, error) {
	var found []requestlog.Passage
	return found, c.call(ctx, http.MethodGet, "/requests?trace="+url.QueryEscape(traceID), nil, &found)
}

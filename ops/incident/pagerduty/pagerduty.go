// Package pagerduty reports an incident to PagerDuty, by version 2 of its Events API.
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/coditect-ai/license-platform/ops/incident/response"
)

// URL is where events go.
const URL = "https://events.pagerduty.com/v2/enqueue"

// Client sends events with one service's routing key, which it never shows.
type Client struct {
	// HTTP sends requests.
	HTTP *http.Client
	// URL is where events go, usually the constant.
	URL string
	// Wait is the pause before the second try; it doubles with each.
	Wait time.Duration

	key string
}

var _ response.Pager = (*Client)(nil)

// tries is how often an event is sent before it counts as lost.
const tries = 4

// New makes a client. key is the integration key of a service: 32 letters and
// digits. The error does not hold the key.
func New(key string) (*Client, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(key) {
		return nil, errors.New("the PagerDuty routing key is not one: 32 letters and digits, the integration key of an Events API v2 integration")
	}
	client := &http.Client{
		Timeout: 20 * time.Second,
		// A redirect would hand the key on.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{HTTP: client, URL: URL, Wait: 2 * time.Second, key: key}, nil
}

// event is the request of the API.
type event struct {
	RoutingKey  string  `json:"routing_key"`
	EventAction string  `json:"event_action"`
	DedupKey    string  `json:"dedup_key"`
	Payload     payload `json:"payload"`
}

type payload struct {
	Summary       string            `json:"summary"`
	Source        string            `json:"source"`
	Severity      string            `json:"severity"`
	Timestamp     string            `json:"timestamp"`
	Component     string            `json:"component"`
	Class         string            `json:"class"`
	CustomDetails map[string]string `json:"custom_details"`
}

// Page triggers an alert of severity critical. A full queue (429) and a server's
// failure are tried again; what the API refuses is not.
func (c *Client) Page(ctx context.Context, p response.Page) error {
	body, err := json.Marshal(event{
		RoutingKey: c.key, EventAction: "trigger", DedupKey: p.Incident,
		Payload: payload{
			Summary: p.Summary, Source: p.Source, Severity: "critical", Timestamp: p.At.UTC().Format(time.RFC3339),
			Component: "license-api", Class: "security incident", CustomDetails: p.Details,
		},
	})
	if err != nil {
		return fmt.Errorf("encode the page: %w", err)
	}
	wait := c.Wait
	for try := 1; ; try++ {
		again, err := c.send(ctx, body)
		if err == nil || !again || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(wait):
			wait *= 2
		}
	}
}

// send tells whether another try may help.
func (c *Client) send(ctx context.Context, body []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("make the page: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return ctx.Err() == nil, fmt.Errorf("send the page: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // read, or of no use
	if answer.StatusCode == http.StatusAccepted {
		return false, nil
	}
	var said struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	_ = json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&said) // the status says enough
	again = answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
	return again, fmt.Errorf("PagerDuty answered %s: %s %q", answer.Status, said.Message, said.Errors)
}

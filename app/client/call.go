package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer: a grant has 2 KiB, a set of keys some more.
const maxAnswer = 256 << 10

// Refusal is an answer with an error status. Test for it with errors.As, and rely on Code.
type Refusal struct {
	// Status is the HTTP status code.
	Status int
	// Code names the problem (docs/api.md lists them); it is empty when not the API but
	// the edge before it answered.
	Code string
	// Detail is for people, and RequestID finds the request in the service's logs.
	Detail    string
	RequestID string
	// RetryAfter is how long the server asks to wait; 0 when it does not say.
	RetryAfter time.Duration
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Code == "" {
		return fmt.Sprintf("the edge before the licence server answered %d %s", r.Status, http.StatusText(r.Status))
	}
	text := fmt.Sprintf("%s (%d): %s", r.Code, r.Status, r.Detail)
	if r.RequestID != "" {
		text += "; request " + r.RequestID
	}
	return text
}

// caller sends requests to the API.
type caller struct {
	config Config
	http   *http.Client
	time   *serverTime
	own    bool
	user   asking
}

func newCaller(config Config) *caller {
	c := &caller{config: config, time: newServerTime(config.Clock), own: config.HTTP == nil}
	if c.own {
		transport := &http.Transport{
			// HTTP/1.1, by a TLS configuration of its own: a few requests gain nothing by HTTP/2. And
			// when a laptop changes its network, net/http goes on using a dead HTTP/2 connection, but
			// closes an HTTP/1.1 connection whose answer does not come.
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1,
			TLSHandshakeTimeout: config.Timeout, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: maxAnswer,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.roots},
		}
		if config.Connect != "" {
			transport.Proxy = nil
			dialer := &net.Dialer{Timeout: config.Timeout}
			transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, config.Connect)
			}
		}
		c.http = &http.Client{Transport: transport}
	} else {
		theirs := *config.HTTP
		c.http = &theirs
	}
	// A redirect could carry the identity token somewhere else.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// close gives the connections of a client of its own back.
func (c *caller) close() {
	if c.own {
		c.http.CloseIdleConnections()
	}
}

// post sends body (nil for none) as the user, and reads the answer into out (nil for none).
func (c *caller) post(ctx context.Context, path string, body, out any) error {
	return c.asUser(ctx, http.MethodPost, path, body, out)
}

// asUser sends a request with the user's identity token. When a token is refused, a new one
// is requested, once: it may have expired in transit.
func (c *caller) asUser(ctx context.Context, method, path string, body, out any) error {
	token, err := c.identity(ctx)
	if err != nil {
		return err
	}
	err = c.send(ctx, method, path, token, body, out)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized {
		return err
	}
	again, renewErr := c.identity(ctx)
	if renewErr != nil || again == token {
		return err
	}
	return c.send(ctx, method, path, again, body, out)
}

func (c *caller) send(ctx context.Context, method, path, token string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	content := io.Reader(http.NoBody)
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("cannot write the request: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.config.Server+path, content)
	if err != nil {
		return fmt.Errorf("cannot make the request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", "license-client")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	sent := c.config.Clock.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("the licence server does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	received := c.config.Clock.Now()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("the licence server's answer broke off: %w", err)
	}
	if len(answer) > maxAnswer {
		return errors.New("the licence server's answer is longer than 256 KiB")
	}
	if response.StatusCode >= http.StatusBadRequest {
		refusal := readRefusal(response, answer)
		if refusal.Code != "" && token != "" {
			c.time.observe(response.Header, sent, received)
		}
		return refusal
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode >= http.StatusMultipleChoices ||
		out == nil && response.StatusCode != http.StatusNoContent || out != nil && !isJSON(kind) {
		if location, err := response.Location(); err == nil {
			kind = "to " + location.Host
		}
		return fmt.Errorf("the answer (%d, %q) is not from the licence server: a proxy or the sign-in page of a network may have sent it", response.StatusCode, kind)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			return fmt.Errorf("the licence server's answer cannot be read: %w", err)
		}
		if grant, ok := out.(interface{ answered(status int) }); ok {
			grant.answered(response.StatusCode)
		}
	}
	if token != "" {
		// What needs no user may come from a proxy that kept it, with the Date of then
		// (RFC 9111, section 4).
		c.time.observe(response.Header, sent, received)
	}
	return nil
}

// isJSON says whether a media type is JSON (RFC 6839).
func isJSON(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// readRefusal reads an answer of the API. Any other answer, without problem+json and a code, is
// the edge's.
func readRefusal(response *http.Response, answer []byte) *Refusal {
	refusal := &Refusal{Status: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/problem+json" {
		return refusal
	}
	var problem struct {
		Code, Detail string
		RequestID    string `json:"requestId"`
	}
	if json.Unmarshal(answer, &problem) == nil {
		refusal.Code, refusal.Detail, refusal.RequestID = problem.Code, problem.Detail, problem.RequestID
	}
	return refusal
}

// retryAfter reads whole seconds, or a time (RFC 9110, section 10.2.3), which is compared with
// the Date of the same answer and not with the device's clock.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), int(longestWait/time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	date, dateErr := http.ParseTime(header.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return min(max(until.Sub(date), 0), longestWait)
}

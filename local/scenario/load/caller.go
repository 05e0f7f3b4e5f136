package load

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

const (
	// patience bounds a request: longer than the API's own.
	patience = 15 * time.Second
	// tokenLife is how long a token is used; one is good for an hour.
	tokenLife = 10 * time.Minute
	// again is how long after a failed release the next one is tried.
	again = 500 * time.Millisecond
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// forged has the form of a token, and no signature.
	forged = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ.eyJzdWIiOiJzb21lYm9keSJ9.AAAA"
	// injection is what every scanner tries first.
	injection = "/health?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
)

// connections are what all callers of a kind share.
type connections struct {
	target Target
	http   *http.Client

	mu     sync.Mutex
	next   uint32
	tokens map[bool]token
}

type token struct {
	text string
	made time.Time
}

func newConnections(t Target) *connections {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &connections{
		target: t, next: rand.Uint32(), tokens: map[bool]token{},
		http: &http.Client{Timeout: patience, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, t.Edge.String())
			},
		}},
	}
}

func (c *connections) close() { c.http.CloseIdleConnections() }

// address is that of a client, out of the range for benchmarks (RFC 2544).
func (c *connections) address() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return netip.AddrFrom4([4]byte{198, 18 + byte(c.next>>16)&1, byte(c.next >> 8), byte(c.next)})
}

// bearer is a token; nothing when none can be had.
func (c *connections) bearer(admin bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.tokens[admin]; held.text != "" && time.Since(held.made) < tokenLife {
		return held.text
	}
	text, err := c.target.Token(admin)
	if err != nil {
		return ""
	}
	c.tokens[admin] = token{text, time.Now()}
	return text
}

// send asks for a path and returns the status, 0 when there was no answer.
func (c *connections) send(ctx context.Context, method, path, bearer, body string) (status int, answer []byte) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+c.target.Host+path, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	request.Header.Set("User-Agent", "coditect-ide/1.0")
	request.Header.Set(loadbalancer.ClientHeader, fmt.Sprintf("ip=%s;region=US", c.address()))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, answer
}

// caller is one client.
type caller struct {
	*connections
	device string
	lease  string // the seat that it holds
}

func deviceName(i int) string { return fmt.Sprintf("rehearsal-%d", i) }

func (c *caller) acquire(ctx context.Context, device string) {
	status, answer := c.send(ctx, http.MethodPost, "/v1/licenses/"+c.target.License+"/acquire", c.bearer(false), fmt.Sprintf(`{"fingerprint":%q}`, device))
	var granted struct {
		Lease string `json:"leaseId"`
	}
	if status/100 == 2 && json.Unmarshal(answer, &granted) == nil {
		c.lease = granted.Lease
	}
}

// giveBack releases the seat, so that it is free at once and not when its lease ends.
func (c *caller) giveBack(ctx context.Context) {
	for c.lease != "" {
		if status, _ := c.send(ctx, http.MethodPost, "/v1/leases/"+c.lease+"/release", c.bearer(false), ""); status/100 == 2 {
			c.lease = ""
		} else if !sleep(ctx, again) {
			return
		}
	}
}

func (c *caller) readAudit(ctx context.Context) {
	c.send(ctx, http.MethodGet, "/v1/audit?limit=1", c.bearer(true), "")
}

func (c *caller) forge(ctx context.Context) {
	c.send(ctx, http.MethodPost, "/v1/licenses/"+c.target.License+"/acquire", forged, `{"fingerprint":"rehearsal"}`)
}

func (c *caller) scan(ctx context.Context) { c.send(ctx, http.MethodGet, injection, "", "") }

func (c *caller) keys(ctx context.Context) {
	c.send(ctx, http.MethodGet, "/.well-known/jwks.json", "", "")
}

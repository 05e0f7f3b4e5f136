package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

const (
	// requestTimeout bounds a request: longer than the API's own.
	requestTimeout = 15 * time.Second
	// tokenLife is how long a token is used; one is good for an hour.
	tokenLife = 10 * time.Minute
	// keysTimeout bounds fetching the public keys at the start.
	keysTimeout = 3 * time.Second
	// releaseInterval is the pause between two attempts to release a seat.
	releaseInterval = 500 * time.Millisecond
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// forged has the form of a token, and no signature.
	forged = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ.eyJzdWIiOiJzb21lYm9keSJ9.AAAA"
	// injection is what every scanner tries first.
	injection = "/health?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
)

// connections are what all callers of a kind share. Callers that want a seat use app/client;
// the others send requests that app/client never sends.
type connections struct {
	target Target
	http   *http.Client
	// published are the public keys, nil until they are known.
	published []byte

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
	c := &connections{target: t, next: rand.Uint32(), tokens: map[bool]token{}}
	c.http = &http.Client{Timeout: requestTimeout, Transport: &elsewhere{c, &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, t.Edge.String())
		},
	}}}
	return c
}

// elsewhere sends each request from an address of its own.
type elsewhere struct {
	*connections
	*http.Transport
}

// RoundTrip implements http.RoundTripper.
func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "coditect-ide/1.0")
	r.Header.Set(loadbalancer.ClientHeader, fmt.Sprintf("ip=%s;region=US", e.address()))
	return e.Transport.RoundTrip(r)
}

// learn fetches the public keys, so that a request for a seat is one request.
func (c *connections) learn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	keys, err := client.Keys(ctx, client.Config{Server: "https://" + c.target.Host, HTTP: c.http})
	if err == nil {
		c.published = keys
	}
}

// seat is a device's seat of the target's licence.
func (c *connections) seat(device string) client.Config {
	return client.Config{
		Server: "https://" + c.target.Host, License: c.target.License, Product: c.target.Product, Fingerprint: device,
		Identity: func(context.Context) (string, error) { return c.bearer(false), nil }, HTTP: c.http, Timeout: requestTimeout, Keys: c.published,
	}
}

func (c *connections) close() { c.http.CloseIdleConnections() }

// address is the address of a client, from the range for benchmarks (RFC 2544).
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

// send requests a path, and reads the answer.
func (c *connections) send(ctx context.Context, method, path, bearer, body string) {
	request, err := http.NewRequestWithContext(ctx, method, "https://"+c.target.Host+path, strings.NewReader(body))
	if err != nil {
		return
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
}

// caller is one client.
type caller struct {
	*connections
	device string
	lease  string // the seat that it holds
}

func deviceName(i int) string { return fmt.Sprintf("rehearsal-%d", i) }

func (c *caller) acquire(ctx context.Context, device string) {
	if license, _, err := client.Acquire(ctx, c.seat(device)); err == nil {
		c.lease = license.Lease
	}
}

// giveBack releases the seat, so that it is free at once and not when its lease ends.
func (c *caller) giveBack(ctx context.Context) {
	for c.lease != "" {
		if client.Return(ctx, c.seat(c.device), c.lease) == nil {
			c.lease = ""
		} else if !sleep(ctx, releaseInterval) {
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

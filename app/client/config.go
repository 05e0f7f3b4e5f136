// Package client keeps a seat of a floating licence for a program: it acquires the seat,
// sends heartbeats, acquires anew when the seat was lost, bridges a time without network
// by the signed token, and releases the seat at the end.
//
//	seat, err := client.Hold(ctx, client.Config{Server: "https://licenses.example.com", License: "demo",
//		Product: "coditect-ide", Fingerprint: device, Identity: identity})
//
// It needs the standard library and package verify only.
package client

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Config says which seat to hold, and how. The first five fields are required.
type Config struct {
	// Server is the address of the API, without a path: https://licenses.example.com.
	// Only a server on this machine may be spoken to without TLS.
	Server string
	// License is the licence's id.
	License string
	// Product is what the program is, as the licence names it; the token has to say it too.
	Product string
	// Fingerprint names the device: 1 to 256 visible ASCII characters, the same after a
	// restart of the program, which then gets the same seat again.
	Fingerprint string
	// Identity returns an identity token of the user, or, for a program without a person, a
	// service credential (Credential). It is asked before each request, so it should keep a
	// token until shortly before its end. Its errors count as those of the network: they are
	// tried again; so does a call that has not come back within Timeout, and no other one is made meanwhile.
	// Space around the token is left out, and it may be the content of a file that Windows PowerShell wrote.
	Identity func(ctx context.Context) (string, error)

	// Features are the features that the licence has to include: without one of them no seat
	// is held (verify.ErrFeature).
	Features []string
	// Keys are the published keys (the bytes of /.well-known/jwks.json) that the program
	// was built with. Without them they are fetched from the server.
	Keys []byte
	// Changed is told when the seat is lost and when it is back, one call after the other,
	// on a goroutine of its own; it may call Close. Nil: changes are not told. When it is slower than
	// 16 changes, the oldest are left out.
	Changed func(Change)
	// StartTimeout is how long Hold tries to reach the server at the start; 0 means 30 seconds.
	StartTimeout time.Duration
	// Timeout limits each request; 0 means 10 seconds.
	Timeout time.Duration
	// CA is a file with the authorities to trust in place of the system's, PEM; Connect is the
	// HOST:PORT to connect to in place of Server's own address, without a proxy: both for a
	// server that the DNS does not know, as the one of a local stack. Empty means the usual.
	CA, Connect string
	// HTTP sends the requests; nil means a client of its own, which verifies TLS and uses the
	// proxy of the environment. It does not go together with CA and Connect. Redirects are never followed.
	HTTP *http.Client
	// Clock tells the time and waits; nil means the system's. It is for tests.
	Clock Clock
	// Random returns numbers from 0 to less than 1 that spread requests; nil means
	// rand.Float64. It is for tests.
	Random func() float64

	// roots are the authorities of CA.
	roots *x509.CertPool
}

// Credential is an Identity for programs without a person, on servers and in continuous
// integration: a service credential that an administrator of the tenant made. Read it from a
// file or the environment, never from the command line, where other users see it.
func Credential(secret string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return secret, nil }
}

// Change says that the seat was lost, or is back.
type Change struct {
	Held bool
	// Reason is why it was lost; nil when it is back. What the server refused is a *Refusal.
	Reason error
	// At is when, by the server's clock.
	At time.Time
}

const (
	defaultStartTimeout = 30 * time.Second
	defaultTimeout      = 10 * time.Second
	maxFingerprint      = 256
)

// complete checks the given settings and fills in the defaults.
func (c Config) complete() (Config, error) {
	switch {
	case c.License == "":
		return c, errors.New("client: Config needs a License")
	case c.Product == "":
		return c, errors.New("client: Config needs a Product")
	case c.Identity == nil:
		return c, errors.New("client: Config needs an Identity, which returns the user's identity token")
	}
	if !visible(c.Fingerprint) {
		return c, errors.New("client: Config needs a Fingerprint of 1 to 256 visible ASCII characters")
	}
	if err := checkServer(c.Server); err != nil {
		return c, err
	}
	if c.StartTimeout < 0 || c.Timeout < 0 {
		return c, errors.New("client: StartTimeout and Timeout cannot be negative")
	}
	c.Server = strings.TrimRight(c.Server, "/")
	if err := c.reach(); err != nil {
		return c, err
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = defaultStartTimeout
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Clock == nil {
		c.Clock = system{}
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c, nil
}

// maxAuthorities bounds the file of CA, in bytes.
const maxAuthorities = 1 << 20

// reach checks how the server is reached, and reads the authorities.
func (c *Config) reach() error {
	if c.HTTP != nil && c.CA+c.Connect != "" {
		return errors.New("client: HTTP does not go together with CA and Connect: let it trust and connect itself")
	}
	if c.Connect != "" {
		host, port, err := net.SplitHostPort(c.Connect)
		if err != nil || host == "" || port == "" {
			return fmt.Errorf("client: Connect is %q, but has to be HOST:PORT", c.Connect)
		}
		if u, err := url.Parse(c.Server); err != nil || u.Scheme != "https" && !thisMachine(host) {
			return fmt.Errorf("client: Connect is %q, another machine, so Server has to begin with https://, but is %q", c.Connect, c.Server)
		}
	}
	if c.CA == "" {
		return nil
	}
	file, err := os.Open(c.CA)
	if err != nil {
		return fmt.Errorf("client: cannot read the authorities: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxAuthorities))
	if err != nil {
		return fmt.Errorf("client: cannot read the authorities: %w", err)
	}
	if c.roots = x509.NewCertPool(); !c.roots.AppendCertsFromPEM([]byte(plain(string(content)))) {
		return fmt.Errorf("client: CA is %q, which holds no certificate in PEM", c.CA)
	}
	return nil
}

func visible(fingerprint string) bool {
	if fingerprint == "" || len(fingerprint) > maxFingerprint {
		return false
	}
	for _, b := range []byte(fingerprint) {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

// checkServer refuses an address to which the identity token would go unencrypted.
func checkServer(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(address, "?#") || u.User != nil {
		return fmt.Errorf("client: Server is %q, but has to be like https://licenses.example.com", address)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !thisMachine(u.Hostname())) {
		return fmt.Errorf("client: Server is %q, but has to begin with https://", address)
	}
	return nil
}

// thisMachine says whether a host is this machine.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

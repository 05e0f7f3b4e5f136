// Package idtoken checks the identity tokens that Identity Platform issues to a
// tenant's users, by the rules of
// cloud.google.com/identity-platform/docs/verify-id-tokens: RS256 with a key of
// Google's securetoken key set, issuer, audience, expiry, times in the past, a
// subject.
package idtoken

import (
	"container/list"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/coditect-ai/license-platform/app"
)

// Options say whose tokens are accepted.
type Options struct {
	// Issuer is https://securetoken.google.com/PROJECT.
	Issuer string
	// Audience is the project's id.
	Audience string
	// KeysURL serves the issuer's JSON Web Key Set.
	KeysURL string
	// CA (PEM) verifies the host of KeysURL; empty means the system's roots.
	CA string
	// TenantClaim is the path of the claim with the tenant, such as firebase.tenant.
	TenantClaim string
	// GroupsClaim is the path of the claim with the user's groups, a text or a list of them.
	GroupsClaim string
	// AdminRole is the value of the claim `role` that makes an administrator.
	AdminRole string
	// Now tells the time.
	Now func() time.Time
}

// Verifier checks tokens. What it found good it remembers for a short time, so that
// a client's next heartbeat costs no signature check.
type Verifier struct {
	options  Options
	keys     *agingKeys
	verifier *oidc.IDTokenVerifier

	mu    sync.Mutex
	known map[[sha256.Size]byte]*list.Element
	order *list.List
}

// remembered is an entry of the memory, oldest first in order.
type remembered struct {
	sum   [sha256.Size]byte
	who   app.Principal
	until time.Time
}

// Bounds of the memory.
const (
	maxKnown  = 20_000
	keepKnown = 5 * time.Minute
)

// maxToken bounds the text that is looked at; Identity Platform's tokens have about
// 1 KiB, and custom claims at most 1000 bytes.
const maxToken = 8 << 10

// New returns a Verifier. The key set is fetched with the first token, again when a token
// names a key that it does not hold, and every hour. A key that the issuer withdrew is
// trusted for that hour and the five minutes that a token is remembered, and for a day
// while the issuer does not answer.
func New(ctx context.Context, o Options) (*Verifier, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: 3 * time.Second, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: 3 * time.Second, ForceAttemptHTTP2: true,
	}
	if o.CA != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, errors.New("the CA for the identity keys (GOOGLE_API_CA) holds no PEM certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	client := &http.Client{Transport: &paced{next: transport, now: o.Now}, Timeout: 5 * time.Second}
	fresh := func() oidc.KeySet { return oidc.NewRemoteKeySet(oidc.ClientContext(ctx, client), o.KeysURL) }
	keys := &agingKeys{fresh: fresh, now: o.Now}
	v := newVerifier(o, keys)
	v.keys = keys
	return v, nil
}

func newVerifier(o Options, keys oidc.KeySet) *Verifier {
	config := &oidc.Config{ClientID: o.Audience, SupportedSigningAlgs: []string{oidc.RS256}, Now: o.Now}
	return &Verifier{options: o, verifier: oidc.NewVerifier(o.Issuer, keySet{keys}, config), known: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// Verify returns who the token speaks for. Codes: CodeInvalidToken,
// CodeMissingTenant, and CodeUnavailable while the issuer's keys cannot be fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (app.Principal, error) {
	if len(token) > maxToken {
		return app.Principal{}, invalid(fmt.Errorf("the token has %d bytes, more than %d", len(token), maxToken))
	}
	if strings.ContainsFunc(token, notCompact) {
		return app.Principal{}, invalid(errors.New("the token has a character that no token has"))
	}
	sum := sha256.Sum256([]byte(token))
	if who, ok := v.recall(sum); ok {
		return who, nil
	}
	if !namesKey(token) {
		return app.Principal{}, invalid(errors.New("the header names no key (kid)"))
	}
	verified, err := v.verify(ctx, token)
	if err != nil {
		return app.Principal{}, err
	}
	who, err := v.principal(verified)
	if err != nil {
		return app.Principal{}, err
	}
	v.remember(sum, who, verified.Expiry)
	return who, nil
}

// Ready returns nil when the last request for the issuer's keys succeeded, and requests them when there
// are none yet.
func (v *Verifier) Ready(ctx context.Context) error {
	if err := v.keys.check(ctx); err != nil {
		return app.Unavailable("issuer's public keys", err)
	}
	return nil
}

func invalid(cause error) *app.Error { return app.InvalidToken(cause) }

func (v *Verifier) recall(sum [sha256.Size]byte) (app.Principal, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	element, ok := v.known[sum]
	if !ok {
		return app.Principal{}, false
	}
	entry, ok := element.Value.(remembered)
	return entry.who, ok && v.options.Now().Before(entry.until)
}

// remember keeps what a token says, and forgets tokens whose time is over: everybody has another
// one each hour, which would take memory until there are maxKnown.
func (v *Verifier) remember(sum [sha256.Size]byte, who app.Principal, expiry time.Time) {
	now := v.options.Now()
	until := now.Add(keepKnown)
	if expiry.Before(until) {
		until = expiry
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, ok := v.known[sum]; ok {
		v.order.Remove(old)
	}
	v.known[sum] = v.order.PushBack(remembered{sum: sum, who: who, until: until})
	for oldest := v.order.Front(); oldest != nil; oldest = v.order.Front() {
		entry, ok := oldest.Value.(remembered)
		if ok && now.Before(entry.until) && v.order.Len() <= maxKnown {
			return
		}
		v.order.Remove(oldest)
		delete(v.known, entry.sum)
	}
}

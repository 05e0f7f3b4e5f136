// Package verify is for client programs: it checks a licence token, or the file of
// a borrowed licence, with nothing but the published keys. It needs no network, and
// no other package of this module.
//
// Build the keys into the program, or fetch them from /.well-known/jwks.json and
// keep them: the set has the public keys of every key version in use, so a rotation
// does not break what was issued before.
package verify

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-jose/go-jose/v4"
)

// The ways in which a licence can be bad. Test for them with errors.Is.
var (
	// ErrMalformed: it is not a licence token at all.
	ErrMalformed = errors.New("not a licence token")
	// ErrSignature: no published key signed it, or it was changed afterwards.
	ErrSignature = errors.New("the licence is not signed by a published key")
	// ErrExpired: its time is over.
	ErrExpired = errors.New("the licence has expired")
	// ErrNotYet: its time has not come; the device's clock may be wrong.
	ErrNotYet = errors.New("the licence is not valid yet")
	// ErrClock: the device's clock is earlier than a time that has been; it was set back.
	ErrClock = errors.New("the device's clock was set back")
	// ErrOther: it is for another product, device, tenant or from another issuer.
	ErrOther = errors.New("the licence is for something else")
	// ErrFeature: it is good, but does not include a feature that is needed.
	ErrFeature = errors.New("the licence does not include the feature")
)

// License is what a good token says.
type License struct {
	// ID is the licence's id, and Product what it allows to run.
	ID      string
	Product string
	Issuer  string
	Tenant  string
	Lease   string
	// Fingerprint is the device that may use it.
	Fingerprint string
	Seats       int
	// Borrowed is true for a licence that is used offline.
	Borrowed bool
	// Features are the licence's entitlements: Has checks one. Tokens of older servers have no
	// features.
	Features []string
	// InGrace is true when the licence's own time was over as the token was issued: it is
	// renewed for some time more, and then no longer.
	InGrace   bool
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time
}

// Has says whether the licence includes a feature. Names are exact.
func (l License) Has(feature string) bool { return slices.Contains(l.Features, feature) }

// Expected says what the program accepts. Product and Fingerprint are required;
// Issuer and Tenant are checked when they are not empty.
type Expected struct {
	Product     string
	Fingerprint string
	Issuer      string
	Tenant      string
	// Features are those that the licence has to include.
	Features []string
	// Now is the time for the check; the zero time means time.Now.
	Now time.Time
	// Leeway forgives a device's clock that is slow or fast, up to 5 minutes; 0 means
	// DefaultLeeway, and NoLeeway none.
	Leeway time.Duration
	// LastSeen is the latest time that the program has kept, from an earlier run or from the
	// service's answers; zero means none. A clock that is set back to before it is refused
	// (ErrClock), so that a licence cannot be used for ever offline: keep the time of each
	// check that was good, and of IssuedAt, where the user does not change it.
	LastSeen time.Time
}

// DefaultLeeway is a minute, and NoLeeway means no leeway.
const (
	DefaultLeeway = time.Minute
	NoLeeway      = time.Duration(-1)
)

// maxInput bounds what is looked at: a token has about 1 KiB.
const maxInput = 64 << 10

const maxLeeway = 5 * time.Minute

// Token checks a licence token with the published keys (the bytes of
// /.well-known/jwks.json).
func Token(keys []byte, token string, want Expected) (License, error) {
	if want.Product == "" || want.Fingerprint == "" || want.Leeway < NoLeeway || want.Leeway > maxLeeway {
		return License{}, errors.New("verify: Expected needs a product and a fingerprint, and a leeway of at most 5 minutes")
	}
	if len(token) > maxInput {
		return License{}, fmt.Errorf("%w: it has more than 64 KiB", ErrMalformed)
	}
	set, err := keySet(keys)
	if err != nil {
		return License{}, err
	}
	payload, err := signed(set, token)
	if err != nil {
		return License{}, err
	}
	license, err := parse(payload)
	if err != nil {
		return License{}, err
	}
	if err := license.check(want); err != nil {
		return License{}, err
	}
	return license, nil
}

// keySet reads published keys. Those of a kind that this package does not know are for
// newer programs.
func keySet(content []byte) (jose.JSONWebKeySet, error) {
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(plain(string(content))), &published); err != nil {
		return jose.JSONWebKeySet{}, fmt.Errorf("verify: the published keys are not a JSON Web Key Set: %w", err)
	}
	var set jose.JSONWebKeySet
	for _, text := range published.Keys {
		var key jose.JSONWebKey
		if err := json.Unmarshal(text, &key); err == nil {
			set.Keys = append(set.Keys, key)
		}
	}
	if len(set.Keys) == 0 {
		return jose.JSONWebKeySet{}, errors.New("verify: none of the published keys can be read")
	}
	return set, nil
}

// File checks the file of a borrowed licence: a token in armor. It refuses the token of a lease
// that needs heartbeats.
func File(keys []byte, file string, want Expected) (License, error) {
	if len(file) > maxInput {
		return License{}, fmt.Errorf("%w: it has more than 64 KiB", ErrMalformed)
	}
	_, rest, found := strings.Cut(plain(file), "-----BEGIN LICENSE FILE-----")
	body, _, ended := strings.Cut(rest, "-----END LICENSE FILE-----")
	if !found || !ended {
		return License{}, fmt.Errorf("%w: the file's first or last line is missing", ErrMalformed)
	}
	license, err := Token(keys, strings.Join(strings.Fields(body), ""), want)
	if err == nil && !license.Borrowed {
		return License{}, fmt.Errorf("%w: it is not borrowed, but lives by heartbeats", ErrOther)
	}
	return license, err
}

// plain is the text of a file. Windows PowerShell writes what a program prints as UTF-16, with a byte
// order mark, and UTF-8 with one, too
// (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding?view=powershell-5.1).
func plain(file string) string {
	content, marked := strings.CutPrefix(file, "\xff\xfe")
	if !marked {
		return strings.TrimPrefix(file, "\ufeff")
	}
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = uint16(content[2*i]) | uint16(content[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}

// signed returns the content of a token that a published key has signed by RS512.
func signed(set jose.JSONWebKeySet, token string) ([]byte, error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS512})
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, ErrMalformed
	}
	for _, key := range set.Key(parsed.Signatures[0].Header.KeyID) {
		if key.Algorithm != string(jose.RS512) || !key.IsPublic() {
			continue
		}
		if payload, err := parsed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, ErrSignature
}

func parse(payload []byte) (License, error) {
	var claims struct {
		Issuer      string   `json:"iss"`
		Subject     string   `json:"sub"`
		Audience    string   `json:"aud"`
		Tenant      string   `json:"tenant"`
		Lease       string   `json:"lease"`
		Fingerprint string   `json:"fingerprint"`
		Seats       int      `json:"seats"`
		Kind        string   `json:"kind"`
		Features    []string `json:"features"`
		InGrace     bool     `json:"inGrace"`
		IssuedAt    int64    `json:"iat"`
		NotBefore   int64    `json:"nbf"`
		Expires     int64    `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return License{}, fmt.Errorf("%w: its claims cannot be read", ErrMalformed)
	}
	if claims.Subject == "" || claims.Lease == "" || claims.Expires <= 0 {
		return License{}, fmt.Errorf("%w: sub, lease or exp is missing", ErrMalformed)
	}
	return License{
		ID: claims.Subject, Product: claims.Audience, Issuer: claims.Issuer, Tenant: claims.Tenant, Lease: claims.Lease,
		Fingerprint: claims.Fingerprint, Seats: claims.Seats, Borrowed: claims.Kind == "borrowed",
		Features: claims.Features, InGrace: claims.InGrace,
		IssuedAt: time.Unix(claims.IssuedAt, 0).UTC(), NotBefore: time.Unix(claims.NotBefore, 0).UTC(), ExpiresAt: time.Unix(claims.Expires, 0).UTC(),
	}, nil
}

func (l License) check(want Expected) error {
	now := want.Now
	if now.IsZero() {
		now = time.Now()
	}
	leeway := want.Leeway
	switch leeway {
	case 0:
		leeway = DefaultLeeway
	case NoLeeway:
		leeway = 0
	}
	switch {
	case l.Product != want.Product:
		return fmt.Errorf("%w: product %q", ErrOther, l.Product)
	case subtle.ConstantTimeCompare([]byte(l.Fingerprint), []byte(want.Fingerprint)) != 1:
		return fmt.Errorf("%w: another device", ErrOther)
	case want.Issuer != "" && l.Issuer != want.Issuer:
		return fmt.Errorf("%w: issuer %q", ErrOther, l.Issuer)
	case want.Tenant != "" && l.Tenant != want.Tenant:
		return fmt.Errorf("%w: tenant %q", ErrOther, l.Tenant)
	case now.Add(leeway).Before(want.LastSeen):
		return ErrClock
	case now.Add(leeway).Before(l.NotBefore):
		return ErrNotYet
	case !now.Add(-leeway).Before(l.ExpiresAt):
		return ErrExpired
	}
	for _, feature := range want.Features {
		if !l.Has(feature) {
			return fmt.Errorf("%w %q", ErrFeature, feature)
		}
	}
	return nil
}

package kms

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/go-jose/go-jose/v4"
	"github.com/googleapis/gax-go/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/verify"
)

// rotation is a signing key whose versions come and go, and instances that publish them.
type rotation struct {
	google   *apptest.Google
	client   *Client
	versions []string
	enabled  map[string]bool
	// signed is the latest token of each version.
	signed map[string]string
	away   bool
	set    *KeySet
	// since is how long ago a version has changed, and reachable how long KMS has been there, or away.
	since, reachable time.Duration
	// published says that the instance has published keys.
	published bool
}

// Restart puts an instance in the place of the last one, which publishes some of the versions.
func (r *rotation) Restart(t *rapid.T) {
	first := rapid.IntRange(0, len(r.versions)-1).Draw(t, "first")
	last := rapid.IntRange(first, len(r.versions)-1).Draw(t, "last")
	r.set, r.published = NewKeySet(r.client, r.versions[first:last+1]), false
}

// State puts a version into a state; which of those that are not ENABLED makes no difference to anybody.
func (r *rotation) State(t *rapid.T) {
	version := rapid.SampledFrom(r.versions).Draw(t, "version")
	state := rapid.SampledFrom([]kmspb.CryptoKeyVersion_CryptoKeyVersionState{
		kmspb.CryptoKeyVersion_ENABLED, kmspb.CryptoKeyVersion_ENABLED, kmspb.CryptoKeyVersion_PENDING_GENERATION, kmspb.CryptoKeyVersion_DISABLED,
		kmspb.CryptoKeyVersion_DESTROY_SCHEDULED, kmspb.CryptoKeyVersion_DESTROYED, kmspb.CryptoKeyVersion_GENERATION_FAILED,
	}).Draw(t, "state")
	r.google.SetState(version, state)
	r.enabled[version], r.since = state == kmspb.CryptoKeyVersion_ENABLED, 0
}

// Away lets KMS go away, or come back.
func (r *rotation) Away(*rapid.T) {
	r.away, r.reachable = !r.away, 0
	r.google.Refuse.Store(r.away)
}

// Pass lets time pass.
func (r *rotation) Pass(t *rapid.T) {
	passed := rapid.SampledFrom([]time.Duration{time.Second, refreshSmall, refresh - time.Second, refresh}).Draw(t, "time")
	r.set.read = r.set.read.Add(-passed)
	r.since += passed
	r.reachable += passed
}

// Sign signs with a version: none signs but an enabled one.
func (r *rotation) Sign(t *rapid.T) {
	version := rapid.SampledFrom(r.versions).Draw(t, "version")
	signer, err := NewSigner(r.client, version)
	if err != nil {
		t.Fatalf("signer: %v", err)
	}
	token, err := signer.Sign(t.Context(), app.Claims{Subject: "demo", Audience: "p", Lease: "demo_1", Fingerprint: "d", Expires: time.Now().Add(time.Hour).Unix()})
	switch may := r.enabled[version] && !r.away; {
	case may && err != nil:
		t.Fatalf("an enabled version does not sign: %v", err)
	case !may && err == nil:
		t.Fatalf("a version that is not enabled has signed")
	case may:
		r.signed[version] = token
	}
}

// check asks for the published keys after every step.
func (r *rotation) check(t *rapid.T) {
	old, _, err := r.set.JSON(t.Context())
	if err == nil && len(old) == 0 {
		t.Fatalf("no keys and no error")
	}
	// What is read beside that is there for the next one.
	r.set.settle()
	content, good, err := r.set.JSON(t.Context())
	listed := slices.DeleteFunc(slices.Clone(r.set.versions), func(v string) bool { return !r.enabled[v] })
	if err != nil {
		if r.published {
			t.Fatalf("keys that were published are gone: %v", err)
		}
		if !r.away && len(listed) > 0 {
			t.Fatalf("nothing is published of %v: %v", listed, err)
		}
		return
	}
	r.published = true
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(content, &set); err != nil {
		t.Fatalf("published: %v", err)
	}
	if len(set.Keys) < len(r.set.versions) && good > refreshSmall {
		t.Fatalf("a set that lacks a version may be kept for %s", good)
	}
	for _, version := range r.set.versions {
		id, err := KeyID(version)
		if err != nil {
			t.Fatal(err)
		}
		there := len(set.Key(id)) > 0
		settled := !r.away && len(listed) > 0
		if settled && r.enabled[version] && min(r.since, r.reachable) >= refreshSmall && !there {
			t.Fatalf("%s is enabled for %s, and not published", id, r.since)
		}
		if settled && !r.enabled[version] && min(r.since, r.reachable) >= refresh && there {
			t.Fatalf("%s is not enabled for %s, and still published", id, r.since)
		}
		token, signed := r.signed[version]
		if !signed {
			continue
		}
		_, err = verify.Token(content, token, verify.Expected{Product: "p", Fingerprint: "d"})
		if there != (err == nil) || err != nil && !errors.Is(err, verify.ErrSignature) {
			t.Fatalf("a token of %s, published %v: %v", id, there, err)
		}
	}
}

func TestWhateverBecomesOfKeyVersionsTheirTokensVerifyWhileTheyArePublished(t *testing.T) {
	t.Parallel()
	google := apptest.StartGoogle(t)
	versions := []string{apptest.KeyVersion, google.AddVersion(t), google.AddVersion(t)}
	client, err := Open(t.Context(), google.Endpoint, google.CA, func(string, time.Duration, error) {})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	// KMS is away in many of the steps: without a pause the test takes seconds, not minutes.
	client.pause = gax.Backoff{Initial: 1, Max: 1}
	rapid.Check(t, func(t *rapid.T) {
		r := &rotation{google: google, client: client, versions: versions, enabled: map[string]bool{}, signed: map[string]string{}, set: NewKeySet(client, versions)}
		google.Refuse.Store(false)
		for _, version := range versions {
			google.SetState(version, kmspb.CryptoKeyVersion_ENABLED)
			r.enabled[version] = true
		}
		t.Repeat(map[string]func(*rapid.T){"Restart": r.Restart, "State": r.State, "Away": r.Away, "Pass": r.Pass, "Sign": r.Sign, "": r.check})
	})
}

package server_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/verify"
)

// TestASigningKeyIsRotatedWithoutABreak takes the steps of a rotation, each with the
// instances before and after it side by side, as in a rolling update.
func TestASigningKeyIsRotatedWithoutABreak(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	first := apptest.KeyVersion
	serve := func(active string, published string) *instance {
		return w.serve(t, map[string]string{"KMS_KEY_VERSION": active, "KMS_KEY_VERSIONS": published})
	}
	keys := func(api *instance) []byte {
		r := api.call(t, "GET", "/.well-known/jwks.json", "", "")
		require.Equal(t, 200, r.status)
		return r.raw
	}
	kids := func(api *instance) (found []string) {
		for _, key := range api.call(t, "GET", "/.well-known/jwks.json", "", "").body["keys"].([]any) {
			found = append(found, key.(map[string]any)["kid"].(string))
		}
		return found
	}
	n := 0
	issued := map[string]string{} // token -> device
	// grant has each instance issue a token; all tokens so far have to verify with the
	// keys of each instance.
	grant := func(step string, apis ...*instance) (last string) {
		for _, api := range apis {
			n++
			r := api.acquire(t, "big", token, fmt.Sprintf("device-%d", n))
			require.Equal(t, 201, r.status, "%s: %s", step, r.raw)
			last = r.text("token")
			issued[last] = fmt.Sprintf("device-%d", n)
		}
		for _, api := range apis {
			published := keys(api)
			for signed, device := range issued {
				_, err := verify.Token(published, signed, verify.Expected{Product: "coditect-ide", Fingerprint: device})
				assert.NoError(t, err, "%s: the token of %s", step, device)
			}
		}
		return last
	}

	before := serve(first, first)
	old := grant("before", before)
	lease := before.acquire(t, "big", token, "device-1").text("leaseId")
	assert.Equal(t, []string{"license-signing.1"}, kids(before))

	second := w.google.AddVersion(t)
	published := serve(first, first+","+second)
	grant("the new version is published", before, published)
	assert.Equal(t, []string{"license-signing.1", "license-signing.2"}, kids(published))

	switched := serve(second, first+","+second)
	fresh := grant("the new version signs", published, switched)
	assert.Equal(t, []string{"license-signing.1", "license-signing.2"}, kids(switched))
	assert.Equal(t, 200, switched.heartbeat(t, token, lease).status, "leases do not depend on the key")

	w.google.Disable(first)
	// Its settings still name both versions.
	after := serve(second, first+","+second)
	assert.Equal(t, []string{"license-signing.2"}, kids(after))
	_, err := verify.Token(keys(after), fresh, verify.Expected{Product: "coditect-ide", Fingerprint: issued[fresh]})
	require.NoError(t, err)
	_, err = verify.Token(keys(after), old, verify.Expected{Product: "coditect-ide", Fingerprint: issued[old]})
	require.Error(t, err, "a disabled version's tokens are not good any more")
	again := after.acquire(t, "big", token, "device-1")
	assert.Equal(t, 200, again.status, "its holders get a fresh token by acquiring again")
	_, err = verify.Token(keys(after), again.text("token"), verify.Expected{Product: "coditect-ide", Fingerprint: "device-1"})
	require.NoError(t, err)
}

package cloudarmor_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// identityToken is a token of the size and shape that Identity Platform issues.
// The signature is of no key: the WAF sees only its letters.
func identityToken(t testing.TB, seed string) string {
	t.Helper()
	part := func(value any) string {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]any{"alg": "RS256", "kid": "4f6b1c" + seed, "typ": "JWT"}) + "." + part(map[string]any{
		"iss": "https://securetoken.google.com/coditect-cloud-infra", "aud": "coditect-cloud-infra", "sub": "k3Wq" + seed,
		"auth_time": 1795449600, "iat": 1795449600, "exp": 1795453200, "email": "developer+" + seed + "@example.com",
		"email_verified": true, "name": "Åsa O'Brien", "role": "member",
		"firebase": map[string]any{
			"identities": map[string]any{"email": []string{"developer@example.com"}}, "sign_in_provider": "password", "tenant": "acme-7xk2p",
		},
	})
	sum := hmac.New(sha512.New, []byte(seed))
	sum.Write([]byte(signed))
	signature := sum.Sum(sum.Sum(sum.Sum(sum.Sum(nil))))
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// documented is every documented call of the API, as the IDE sends it.
func documented(t testing.TB, seed string) map[string]cloudarmor.Request {
	t.Helper()
	call := func(method, path, text string) cloudarmor.Request {
		request := get(at(path, ""))
		request.Method = method
		request.Headers = http.Header{
			"User-Agent":      {"coditect-ide/2.1.0 (darwin; arm64) Electron/38.2.0"},
			"Accept":          {"application/json"},
			"Accept-Encoding": {"gzip, deflate, br"},
			"Accept-Language": {"en-GB,en;q=0.9"},
			"Traceparent":     {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
			"Authorization":   {"Bearer " + identityToken(t, seed)},
			"Origin":          {"https://coditect.ai"},
			"Idempotency-Key": {"3f0d2c1a-8d5b-4a6e-9b1f-" + fmt.Sprintf("%012s", seed)},
		}
		if text != "" {
			request.Body = []byte(text)
			request.Headers.Set("Content-Type", "application/json; charset=utf-8")
		}
		return request
	}
	return map[string]cloudarmor.Request{
		"acquire":   call("POST", "/v1/licenses/0b6f2f3e-7a57-4a53-9d0c-6d2f1f0f7a11/acquire", `{"machine_id":"`+repeated("a1b2c3d4", 8)+`","machine_name":"Åsa's MacBook (work)","client_version":"2.1.0","metadata":{"os":"darwin 24.1","editor":"coditect-ide"}}`),
		"demo":      call("POST", "/v1/licenses/demo/acquire", `{"machine":"workstation-1"}`),
		"no body":   call("POST", "/v1/licenses/demo/acquire", ""),
		"heartbeat": call("POST", "/v1/leases/01JD8Q3M2K5Y7ZB4T6W9XV0CNA/heartbeat", `{}`),
		"release":   call("POST", "/v1/leases/01JD8Q3M2K5Y7ZB4T6W9XV0CNA/release", ""),
		"health":    call("GET", "/health", ""),
		"ready":     call("GET", "/ready", ""),
		"jwks":      call("GET", "/.well-known/jwks.json", ""),
		"preflight": call("OPTIONS", "/v1/licenses/demo/acquire", ""),
	}
}

func TestEveryDocumentedCallPassesWithNoMatch(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	for name, request := range documented(t, "0") {
		decision := policy.decide(t, request)
		assert.True(t, decision.Allowed(), "%s: rule %d, %v", name, decision.Priority(), decision.Final.Signatures)
		assert.True(t, decision.Action().LetsThrough(), "%s: a rate limit lets it through, not rule %d", name, decision.Priority())
	}
}

// TestNoTokenLooksLikeAnAttack sends many tokens: a signature that fires on one
// token in a hundred would lock out one user in a hundred.
func TestNoTokenLooksLikeAnAttack(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	for seed := range 60 {
		decision := policy.decide(t, documented(t, fmt.Sprint(seed))["acquire"])
		assert.True(t, decision.Allowed(), "seed %d: rule %d, %v", seed, decision.Priority(), decision.Final.Signatures)
	}
}

// TestNoServiceCredentialLooksLikeAnAttack does the same with credentials of programs.
func TestNoServiceCredentialLooksLikeAnAttack(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	for seed := range 60 {
		request := documented(t, "0")["acquire"]
		text := strings.ToLower(rand.Text() + rand.Text() + rand.Text())
		request.Headers.Set("Authorization", "Bearer license_credential_acme-7xk2p_"+text[:26]+"_"+text[26:])
		decision := policy.decide(t, request)
		assert.True(t, decision.Allowed(), "%d: rule %d, %v: %s", seed, decision.Priority(), decision.Final.Signatures, text)
	}
}

func TestTheDesignsOtherModesLetDocumentedCallsPassToo(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]policy.Settings{
		"enterprise": {Enterprise: true},
		"allowlist":  {Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"203.0.113.0/24"}}},
		"v33":        {WAF: policy.WAF{Generation: "v33"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := stand(t, settings)
			for call, request := range documented(t, "7") {
				decision := policy.decide(t, request)
				assert.True(t, decision.Allowed(), "%s: rule %d, %v", call, decision.Priority(), decision.Final.Signatures)
			}
		})
	}
}

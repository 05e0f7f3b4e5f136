package server_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestTheEdgeRefusesWhatItShould(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	good := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	const acquire = "/v1/licenses/demo/acquire"
	with := func(change func(map[string]any)) string {
		claims := maps.Clone(apptest.Claims("demo-1a2b", "ada"))
		change(claims)
		return w.google.Mint(t, claims)
	}
	ago, ahead := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		method, path, token, body string
		header                    []string
		status                    int
		code                      string
	}{
		"no token":                          {"POST", acquire, "", "", nil, 401, "missing_auth"},
		"basic credentials":                 {"POST", acquire, "", "", []string{"Authorization", "Basic YTpi"}, 401, "missing_auth"},
		"no token for a list":               {"GET", "/v1/licenses", "", "", nil, 401, "missing_auth"},
		"no token for an unknown path":      {"GET", "/wp-admin", "", "", nil, 401, "missing_auth"},
		"rubbish for a token":               {"POST", acquire, "a.b.c", "", nil, 401, "invalid_token"},
		"a huge token":                      {"POST", acquire, strings.Repeat("x", 9<<10), "", nil, 401, "invalid_token"},
		"a changed token":                   {"POST", acquire, good[:len(good)-4] + "AAAA", "", nil, 401, "invalid_token"},
		"an expired token":                  {"POST", acquire, with(func(c map[string]any) { c["exp"] = ago }), "", nil, 401, "invalid_token"},
		"a token of another project":        {"POST", acquire, with(func(c map[string]any) { c["aud"] = "x" }), "", nil, 401, "invalid_token"},
		"a token of another issuer":         {"POST", acquire, with(func(c map[string]any) { c["iss"] = "https://securetoken.google.com/x" }), "", nil, 401, "invalid_token"},
		"a token issued tomorrow":           {"POST", acquire, with(func(c map[string]any) { c["iat"] = ahead }), "", nil, 401, "invalid_token"},
		"a token of a later sign-in":        {"POST", acquire, with(func(c map[string]any) { c["auth_time"] = ahead }), "", nil, 401, "invalid_token"},
		"a token without sign-in time":      {"POST", acquire, with(func(c map[string]any) { delete(c, "auth_time") }), "", nil, 401, "invalid_token"},
		"a token without a user":            {"POST", acquire, with(func(c map[string]any) { c["sub"] = "" }), "", nil, 401, "invalid_token"},
		"a token without a tenant":          {"POST", acquire, with(func(c map[string]any) { delete(c, "firebase") }), "", nil, 403, "missing_tenant"},
		"an unknown tenant":                 {"POST", acquire, w.google.Mint(t, apptest.Claims("nobody-9z", "ada")), "", nil, 403, "unknown_tenant"},
		"an unknown tenant's list":          {"GET", "/v1/licenses/demo", w.google.Mint(t, apptest.Claims("nobody-9z", "ada")), "", nil, 403, "unknown_tenant"},
		"a tenant that is no name":          {"POST", acquire, w.google.Mint(t, apptest.Claims("a}b", "ada")), "", nil, 403, "unknown_tenant"},
		"an unknown licence":                {"POST", "/v1/licenses/none/acquire", good, "", nil, 404, "license_not_found"},
		"a licence id that is none":         {"POST", "/v1/licenses/a%7Db/acquire", good, "", nil, 404, "license_not_found"},
		"an unknown lease":                  {"POST", "/v1/leases/demo_" + strings.Repeat("a", 26) + "/heartbeat", good, "", nil, 404, "lease_not_found"},
		"a lease of an unknown licence":     {"POST", "/v1/leases/none_" + strings.Repeat("a", 26) + "/release", good, "", nil, 404, "lease_not_found"},
		"a lease id that is none":           {"POST", "/v1/leases/x/heartbeat", good, "", nil, 404, "lease_not_found"},
		"an unknown path":                   {"GET", "/v1/nothing", good, "", nil, 404, "not_found"},
		"a wrong method":                    {"DELETE", "/v1/licenses/demo", good, "", nil, 405, "method_not_allowed"},
		"a body that is no JSON":            {"POST", acquire, good, `{"fingerprint":`, nil, 400, "malformed_request"},
		"a field that is unknown":           {"POST", acquire, good, `{"finger":"x"}`, nil, 422, "validation_failed"},
		"a field of the wrong type":         {"POST", acquire, good, `{"fingerprint":5}`, nil, 422, "validation_failed"},
		"a fingerprint that is empty":       {"POST", acquire, good, `{"fingerprint":""}`, nil, 422, "validation_failed"},
		"a fingerprint that is null":        {"POST", acquire, good, `{"fingerprint":null}`, nil, 422, "validation_failed"},
		"a field in another case":           {"POST", acquire, good, `{"Fingerprint":"x"}`, nil, 422, "validation_failed"},
		"a field that is there twice":       {"POST", acquire, good, `{"fingerprint":"x","fingerprint":"y"}`, nil, 400, "malformed_request"},
		"half a character":                  {"POST", acquire, good, `{"fingerprint":"\ud800"}`, nil, 400, "malformed_request"},
		"a byte that is no UTF-8":           {"POST", acquire, good, "{\"fingerprint\":\"\xff\"}", nil, 400, "malformed_request"},
		"two bodies":                        {"POST", acquire, good, `{"fingerprint":"x"}{}`, nil, 400, "malformed_request"},
		"a compressed body":                 {"POST", acquire, good, `{"fingerprint":"x"}`, []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"another charset":                   {"POST", acquire, good, `{"fingerprint":"x"}`, []string{"Content-Type", "application/json; charset=utf-16"}, 415, "unsupported_media_type"},
		"a content type that is none":       {"POST", acquire, good, `{"fingerprint":"x"}`, []string{"Content-Type", "json/"}, 415, "unsupported_media_type"},
		"a fingerprint with a space":        {"POST", acquire, good, `{"fingerprint":"a b"}`, nil, 422, "validation_failed"},
		"a fingerprint that is too long":    {"POST", acquire, good, `{"fingerprint":"` + strings.Repeat("x", 257) + `"}`, nil, 422, "validation_failed"},
		"a body that is too large":          {"POST", acquire, good, `{"fingerprint":"` + strings.Repeat("x", 65<<10) + `"}`, nil, 413, "body_too_large"},
		"a body in another language":        {"POST", acquire, good, `<a/>`, []string{"Content-Type", "application/xml"}, 415, "unsupported_media_type"},
		"an Idempotency-Key too long":       {"POST", acquire, good, "", []string{"Idempotency-Key", strings.Repeat("k", 256)}, 422, "validation_failed"},
		"a user in an administrator's room": {"GET", "/v1/licenses", good, "", nil, 403, "forbidden"},
		"a foreign web page":                {"POST", acquire, good, "", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403, "cross_origin_refused"},
		"a foreign page's preflight":        {"OPTIONS", acquire, "", "", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 403, "cross_origin_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := api.call(t, c.method, c.path, c.token, c.body, c.header...)
			require.Equal(t, c.status, r.status, string(r.raw))
			assert.Equal(t, c.code, r.text("code"), string(r.raw))
			assert.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
			assert.Equal(t, r.header.Get("X-Request-Id"), r.text("requestId"))
			assert.Equal(t, "max-age=31536000; includeSubDomains; preload", r.header.Get("Strict-Transport-Security"))
			assert.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"))
			assert.Equal(t, "DENY", r.header.Get("X-Frame-Options"))
			assert.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'")
			if r.status == 401 {
				assert.Equal(t, "Bearer", r.header.Get("WWW-Authenticate"))
			}
			if r.status == 422 {
				assert.NotEmpty(t, r.body["errors"], "the field is named")
			}
		})
	}
}

func TestBrowsersOfTheAllowedOriginMayUseTheAPI(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	preflight := api.call(t, "OPTIONS", "/v1/licenses/demo/acquire", "", "", "Origin", "https://coditect.ai",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	assert.Equal(t, 204, preflight.status)
	assert.Equal(t, "https://coditect.ai", preflight.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "true", preflight.header.Get("Access-Control-Allow-Credentials"))
	assert.Contains(t, preflight.header.Get("Access-Control-Allow-Headers"), "Traceparent")
	r := api.call(t, "POST", "/v1/licenses/demo/acquire", w.google.Mint(t, apptest.Claims("demo-1a2b", "ada")), "",
		"Origin", "https://coditect.ai", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, 201, r.status)
	assert.Equal(t, "https://coditect.ai", r.header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, r.header.Values("Vary"), "Origin")
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, map[string]string{"LOG_LEVEL": "debug"})
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	const trace = "0af7651916cd43dd8448eb211c80319c"
	r := api.call(t, "POST", "/v1/licenses/demo/acquire?key=topsecret", token, `{"fingerprint":"device-secret"}`, "Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	require.Equal(t, 201, r.status)
	api.heartbeat(t, token, r.text("leaseId"))
	api.stop()
	log := w.log.String()
	assert.Contains(t, log, `"logging.googleapis.com/trace":"projects/`+apptest.Project+`/traces/`+trace+`"`)
	assert.Contains(t, log, `"severity":"INFO"`)
	assert.Contains(t, log, `"requestUrl":"/v1/licenses/demo/acquire"`)
	for _, secret := range []string{token, r.text("token"), apptest.Password, "topsecret", "device-secret", "ada@example.com"} {
		assert.NotContains(t, log, secret)
	}
}

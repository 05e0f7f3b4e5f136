package idtoken

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

func options(g *apptest.Google) Options {
	return Options{
		Issuer: "https://securetoken.google.com/" + apptest.Project, Audience: apptest.Project, KeysURL: g.KeysURL, CA: g.CA,
		TenantClaim: "firebase.tenant", GroupsClaim: "groups", AdminRole: "admin", Now: time.Now,
	}
}

func TestAGoodTokenSaysWhoCalls(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	for name, c := range map[string]struct {
		path   string
		change func(map[string]any)
		want   app.Principal
	}{
		"a user":                          {"firebase.tenant", func(map[string]any) {}, app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com"}},
		"an administrator":                {"firebase.tenant", func(c map[string]any) { c["role"] = "admin" }, app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com", Admin: true}},
		"another role":                    {"firebase.tenant", func(c map[string]any) { c["role"] = "owner" }, app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com"}},
		"a custom claim for the tenant":   {"tenant_id", func(c map[string]any) { c["tenant_id"] = "x" }, app.Principal{Tenant: "x", User: "ada", Email: "ada@example.com"}},
		"a custom claim with a dot in it": {"acme.tenant", func(c map[string]any) { c["acme.tenant"] = "x" }, app.Principal{Tenant: "x", User: "ada", Email: "ada@example.com"}},
		"a custom claim that calls itself the issuer's": {"firebase.tenant", func(c map[string]any) { c["firebase.tenant"] = "x" }, app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com"}},
		"a user of groups":              {"firebase.tenant", func(c map[string]any) { c["groups"] = []string{"devs", "qa"} }, app.Principal{Tenant: "demo-1a2b", User: "ada", Email: "ada@example.com", Groups: []string{"devs", "qa"}}},
		"an e-mail that cannot be kept": {"firebase.tenant", func(c map[string]any) { c["email"] = "a\tb" }, app.Principal{Tenant: "demo-1a2b", User: "ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(g)
			o.TenantClaim = c.path
			v, err := New(context.Background(), o)
			require.NoError(t, err)
			claims := apptest.Claims("demo-1a2b", "ada")
			c.change(claims)
			token := g.Mint(t, claims)
			for range 2 { // the second time out of memory
				who, err := v.Verify(context.Background(), token)
				require.NoError(t, err)
				assert.Equal(t, c.want, who)
			}
		})
	}
}

func TestTheGroupsOfAUserAreReadFromTheirClaim(t *testing.T) {
	t.Parallel()
	many := make([]any, 70)
	for i := range many {
		many[i] = "group-" + strconv.Itoa(i)
	}
	attributes := map[string]any{"firebase": map[string]any{"tenant": "x", "sign_in_attributes": map[string]any{"groups": []any{"devs"}}}}
	for name, c := range map[string]struct {
		claims map[string]any
		path   string
		want   []string
	}{
		"none":                       {map[string]any{}, "groups", nil},
		"a list":                     {map[string]any{"groups": []any{"devs", "qa: night"}}, "groups", []string{"devs", "qa: night"}},
		"a text":                     {map[string]any{"department": "sales"}, "department", []string{"sales"}},
		"of a SAML sign-in":          {attributes, "firebase.sign_in_attributes.groups", []string{"devs"}},
		"what cannot be a group":     {map[string]any{"groups": []any{1.0, nil, "", "a\tb", strings.Repeat("x", 129), "qa"}}, "groups", []string{"qa"}},
		"a number":                   {map[string]any{"groups": 7.0}, "groups", nil},
		"one that plays the issuer":  {map[string]any{"firebase.groups": "devs", "firebase": map[string]any{}}, "firebase.groups", nil},
		"a list of lists":            {map[string]any{"groups": []any{[]any{"devs"}}}, "groups", nil},
		"an object in place of text": {map[string]any{"groups": map[string]any{"devs": true}}, "groups", nil},
	} {
		assert.Equal(t, c.want, groupsAt(c.claims, c.path), name)
	}
	assert.Len(t, groupsAt(map[string]any{"groups": many}, "groups"), maxGroups)
}

func TestWhoCannotBeNamedMayNotCall(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	v, err := New(context.Background(), options(g))
	require.NoError(t, err)
	without := apptest.Claims("", "ada")
	delete(without, "firebase")
	without["firebase.tenant"] = "x"
	text := func(claim string) map[string]any {
		claims := apptest.Claims("demo-1a2b", "ada")
		claims[claim] = strconv.FormatInt(claims[claim].(int64), 10)
		return claims
	}
	for name, c := range map[string]struct {
		claims map[string]any
		code   app.Code
	}{
		"no user":                       {apptest.Claims("demo-1a2b", ""), app.CodeInvalidToken},
		"a user with a tab":             {apptest.Claims("demo-1a2b", "ada\tl"), app.CodeInvalidToken},
		"a user with a NUL":             {apptest.Claims("demo-1a2b", "ada\x00"), app.CodeInvalidToken},
		"a user of 129 bytes":           {apptest.Claims("demo-1a2b", strings.Repeat("a", 129)), app.CodeInvalidToken},
		"a text for exp":                {text("exp"), app.CodeInvalidToken},
		"a text for iat":                {text("iat"), app.CodeInvalidToken},
		"a text for auth_time":          {text("auth_time"), app.CodeInvalidToken},
		"a tenant by a claim of theirs": {without, app.CodeMissingTenant},
	} {
		_, err := v.Verify(t.Context(), g.Mint(t, c.claims))
		assert.Equal(t, c.code, app.CodeOf(err), name)
	}
}

func TestARememberedTokenStillExpires(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	o := options(g)
	now := time.Now()
	o.Now = func() time.Time { return now }
	v, err := New(context.Background(), o)
	require.NoError(t, err)
	claims := apptest.Claims("demo-1a2b", "ada")
	claims["exp"] = now.Add(time.Minute).Unix()
	token := g.Mint(t, claims)
	_, err = v.Verify(context.Background(), token)
	require.NoError(t, err)
	now = now.Add(2 * time.Minute)
	_, err = v.Verify(context.Background(), token)
	assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err))
}

func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	v := newVerifier(Options{Now: time.Now}, nil)
	for i := range maxKnown + 10 {
		v.remember([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}, app.Principal{}, time.Now().Add(time.Hour))
	}
	assert.Len(t, v.known, maxKnown)
	assert.Equal(t, maxKnown, v.order.Len())
}

func TestTokensThatAreOverTakeNoMemory(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := newVerifier(Options{Now: func() time.Time { return now }}, nil)
	ends := map[byte]time.Duration{1: time.Hour, 2: time.Minute, 3: time.Hour}
	for i := byte(1); i <= 3; i++ {
		v.remember([32]byte{i}, app.Principal{}, now.Add(ends[i]))
	}
	assert.Len(t, v.known, 3)
	now = now.Add(keepKnown)
	v.remember([32]byte{4}, app.Principal{}, now.Add(time.Hour))
	assert.Len(t, v.known, 1)
	assert.Equal(t, 1, v.order.Len())
	v.remember([32]byte{5}, app.Principal{}, now)
	_, known := v.recall([32]byte{4})
	assert.True(t, known)
	_, known = v.recall([32]byte{5})
	assert.False(t, known, "it ends in this moment")
}

func TestATokenHasOneForm(t *testing.T) {
	t.Parallel()
	g := apptest.StartGoogle(t)
	v, err := New(context.Background(), options(g))
	require.NoError(t, err)
	token := g.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	signed, signature, found := cutLast(token, ".")
	require.True(t, found)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	for name, other := range map[string]string{
		"space in the signature": signed + ". " + signature, "a tab in it": signed + "." + signature[:9] + "\t" + signature[9:], "space in its claims": signed + " ." + signature,
		"a line break in it": signed + "\n." + signature, "its base64 filled up": token + "==", "a NUL": token + "\x00",
	} {
		_, err = v.Verify(t.Context(), other)
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err), name)
	}
	assert.Len(t, v.known, 1)
}

// nobody's keys: no signature is ever good.
type nobody struct{}

func (nobody) VerifySignature(context.Context, string) ([]byte, error) {
	return nil, errors.New("no key")
}

func FuzzNoTokenIsAcceptedWithoutASignature(f *testing.F) {
	v := newVerifier(Options{Issuer: "i", Audience: "a", TenantClaim: "firebase.tenant", Now: time.Now}, nobody{})
	f.Add("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpIn0.c2ln")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		_, err := v.Verify(context.Background(), token)
		assert.Equal(t, app.CodeInvalidToken, app.CodeOf(err))
	})
}

func FuzzClaimsOfAnyShapeAreRead(f *testing.F) {
	f.Add(`{"firebase":{"tenant":"demo"}}`, "firebase.tenant")
	f.Add(`{"a":{"b":{"c":1}}}`, "a.b.c")
	f.Fuzz(func(t *testing.T, text, path string) {
		var claims map[string]any
		if json.Unmarshal([]byte(text), &claims) == nil {
			found := claimAt(claims, path)
			assert.LessOrEqual(t, len(found), len(text)*6)
		}
	})
}

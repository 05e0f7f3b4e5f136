package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/google/identity"
)

const project = "coditect-cloud-infra"

func open(t *testing.T, dir string) *identity.Issuer {
	t.Helper()
	i, err := identity.Open(dir)
	require.NoError(t, err)
	return i
}

// verifier checks tokens as a relying party does: by the published keys.
func verifier(t *testing.T, i *identity.Issuer) *oidc.IDTokenVerifier {
	t.Helper()
	server := httptest.NewServer(i.Handler())
	t.Cleanup(server.Close)
	keys := oidc.NewRemoteKeySet(context.Background(), server.URL+identity.KeysPath)
	return oidc.NewVerifier("https://securetoken.google.com/"+project, keys, &oidc.Config{ClientID: project, SupportedSigningAlgs: []string{oidc.RS256}})
}

func TestATokenHasTheShapeOfIdentityPlatformsAndVerifiesByThePublishedKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	i := open(t, dir)
	tenant, err := i.PutTenant(identity.Tenant{Project: project, DisplayName: "demo"})
	require.NoError(t, err)

	token, err := open(t, dir).Mint(identity.Claims{Project: project, Tenant: "demo", User: "u1", Email: "u1@example.com", Role: "admin", Groups: []string{"developers", "testers"}, Extra: map[string]any{"plan": "gold"}})
	require.NoError(t, err, "another process mints with the same key")
	verified, err := verifier(t, i).Verify(t.Context(), token)
	require.NoError(t, err)

	assert.Equal(t, "u1", verified.Subject)
	assert.WithinDuration(t, time.Now().Add(time.Hour), verified.Expiry, time.Minute)
	var claims struct {
		UserID        string   `json:"user_id"`
		AuthTime      int64    `json:"auth_time"`
		Email         string   `json:"email"`
		EmailVerified bool     `json:"email_verified"`
		Role          string   `json:"role"`
		Plan          string   `json:"plan"`
		Groups        []string `json:"groups"`
		Firebase      struct {
			Tenant         string              `json:"tenant"`
			SignInProvider string              `json:"sign_in_provider"`
			Identities     map[string][]string `json:"identities"`
		} `json:"firebase"`
	}
	require.NoError(t, verified.Claims(&claims))
	assert.Equal(t, "u1", claims.UserID)
	assert.LessOrEqual(t, claims.AuthTime, time.Now().Unix())
	assert.Equal(t, "u1@example.com", claims.Email)
	assert.True(t, claims.EmailVerified)
	assert.Equal(t, "admin", claims.Role)
	assert.Equal(t, "gold", claims.Plan)
	assert.Equal(t, []string{"developers", "testers"}, claims.Groups)
	assert.Equal(t, tenant.ID, claims.Firebase.Tenant)
	assert.Equal(t, "password", claims.Firebase.SignInProvider)
	assert.Equal(t, []string{"u1@example.com"}, claims.Firebase.Identities["email"])
}

func TestATokenOfAnotherIssuerOrOneThatEndedDoesNotVerify(t *testing.T) {
	t.Parallel()
	i := open(t, t.TempDir())
	verify := verifier(t, i)
	ended, err := i.Mint(identity.Claims{Project: project, User: "u", TTL: -time.Minute})
	require.NoError(t, err)
	_, err = verify.Verify(t.Context(), ended)
	assert.ErrorContains(t, err, "expired")
	other, err := i.Mint(identity.Claims{Project: "another-project", User: "u"})
	require.NoError(t, err)
	_, err = verify.Verify(t.Context(), other)
	assert.ErrorContains(t, err, "different provider")
	forged, err := open(t, t.TempDir()).Mint(identity.Claims{Project: project, User: "u"})
	require.NoError(t, err)
	_, err = verify.Verify(t.Context(), forged)
	assert.ErrorContains(t, err, "signature")
}

func TestASuspendedOrUnknownTenantSignsNobodyIn(t *testing.T) {
	t.Parallel()
	i := open(t, t.TempDir())
	tenant, err := i.PutTenant(identity.Tenant{Project: project, DisplayName: "demo"})
	require.NoError(t, err)
	mint := func(tenant string) error {
		_, err := i.Mint(identity.Claims{Project: project, Tenant: tenant, User: "u"})
		return err
	}
	require.NoError(t, mint(tenant.ID))
	tenant.Suspended = true
	_, err = i.PutTenant(tenant)
	require.NoError(t, err)
	assert.ErrorContains(t, mint(tenant.ID), "is suspended")
	assert.ErrorContains(t, mint("nobody"), `has no tenant "nobody"; it has: `+tenant.ID)
	require.NoError(t, i.DeleteTenant(project, tenant.ID))
	require.NoError(t, i.DeleteTenant(project, tenant.ID), "twice is no error")
	assert.ErrorContains(t, mint("demo"), "has no tenant")
	all, err := i.Tenants()
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestATenantsIDDependsOnProjectAndNameOnly(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^demo-[a-z0-9]{5}$`, identity.TenantID(project, "demo"))
	assert.Equal(t, identity.TenantID(project, "demo"), identity.TenantID(project, "demo"))
	assert.NotEqual(t, identity.TenantID(project, "demo"), identity.TenantID("other", "demo"))
}

func TestWhatCannotBeSaysWhy(t *testing.T) {
	t.Parallel()
	i := open(t, t.TempDir())
	for _, name := range []string{"", "abc", "9lives", "a_tenant", "a-name-of-more-than-twenty"} {
		_, err := i.PutTenant(identity.Tenant{Project: project, DisplayName: name})
		assert.ErrorContains(t, err, "4 to 20 letters", name)
	}
	_, err := i.Mint(identity.Claims{Project: project})
	assert.ErrorContains(t, err, "a user")
	_, err = i.Mint(identity.Claims{Project: project, User: "u", Extra: map[string]any{"sub": "root"}})
	assert.ErrorContains(t, err, `"sub"`)
}

func TestTheKeyIsPrivateAndItsPublicHalfMayBeCached(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "identity")
	i := open(t, dir)
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	answer := httptest.NewRecorder()
	i.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, identity.KeysPath, nil))
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Header().Get("Cache-Control"), "max-age=")
	assert.NotContains(t, answer.Body.String(), `"d":`, "no private half")
}

package server_test

import (
	"encoding/pem"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/server"
)

func onGoogleCloud(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"PROJECT_ID": "p", "DATABASE_INSTANCE": "p:us-central1:db", "DATABASE_NAME": "licensing", "DATABASE_USER": "license-api@p.iam",
		"REDIS_ADDRESS": "10.0.0.3:6378", "REDIS_CA": certificate(t), "REDIS_AUTH_SECRET": "projects/p/secrets/r/versions/1", "KMS_KEY_VERSION": apptest.KeyVersion,
	}
}

func TestTheDefaultsAreThoseOfGoogleCloud(t *testing.T) {
	t.Parallel()
	s, err := server.LoadServe(onGoogleCloud(t))
	require.NoError(t, err)
	assert.Equal(t, "https://securetoken.google.com/p", s.IdentityIssuer)
	assert.Equal(t, "firebase.tenant", s.TenantClaim)
	assert.Equal(t, []string{apptest.KeyVersion}, s.KMSKeyVersions)
	assert.Equal(t, "https://licenses.coditect.ai", s.TokenIssuer)
}

func TestEveryMistakeIsListedAtOnce(t *testing.T) {
	t.Parallel()
	environment := onGoogleCloud(t)
	maps.Copy(environment, map[string]string{
		"DATABASE_ADDRESS": "nowhere", "REDIS_ADDRESS": "x", "LOG_LEVEL": "loud", "CORS_ORIGINS": "coditect.ai,https://ok.example",
		"KMS_KEY_VERSIONS": "a,b", "TENANT_CONCURRENCY": "0", "REQUEST_TIMEOUT": "1m", "MEMORY_LIMIT": "1000", "RETENTION": "1h", "IDENTITY_KEYS_URL": "http://x", "REAP_INTERVAL": "soon",
		"REDIS_CA": "pem", "GOOGLE_API_CA": "pem", "DATABASE_PASSWORD_SECRET": "a-secret", "REDIS_AUTH_SECRET": "projects/p/secrets/s", "KMS_ENDPOINT": "kms:https",
		"LISTEN_ADDRESS": ":9090",
	})
	_, err := server.LoadServe(environment)
	require.Error(t, err)
	for _, part := range []string{
		"DATABASE_INSTANCE or DATABASE_ADDRESS", `DATABASE_ADDRESS "nowhere"`, "DATABASE_CA", "REDIS_ADDRESS", "LOG_LEVEL", `"coditect.ai"`,
		`"a" is not a key version`, "is not one of KMS_KEY_VERSIONS", "TENANT_CONCURRENCY", "REQUEST_TIMEOUT", "MEMORY_LIMIT 1000 is not 134217728 (128Mi)", "RETENTION", "IDENTITY_KEYS_URL", "soon",
		"REDIS_CA holds no PEM", "GOOGLE_API_CA holds no PEM", `DATABASE_PASSWORD_SECRET "a-secret"`, `REDIS_AUTH_SECRET "projects/p/secrets/s" is not`, `KMS_ENDPOINT "kms:https"`,
		"LISTEN_ADDRESS and METRICS_ADDRESS are both :9090",
	} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "ok.example")
}

// certificate is a PEM certificate.
func certificate(t *testing.T) string {
	t.Helper()
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw}))
}

func TestOnlyTheConnectorLogsInWithoutAPassword(t *testing.T) {
	t.Parallel()
	const user, instance, secret = "license-api@p.iam", "p:us-central1:db", "projects/p/secrets/s/versions/1"
	ca := certificate(t)
	for name, c := range map[string]struct {
		instance, address, ca, user, secret string
		admin, apiCA                        string
		want                                string
	}{
		"IAM login through the connector":                   {instance: instance, user: user},
		"a password through the connector":                  {instance: instance, user: "license-migrate", secret: secret},
		"a password and TLS with a CA of one's own":         {address: "10.0.0.2:5432", ca: ca, user: "license-migrate", secret: secret},
		"the connector with an Admin API of one's own":      {instance: instance, user: user, admin: "10.0.0.3:443", apiCA: ca},
		"an Admin API without a port":                       {instance: instance, user: user, admin: "10.0.0.3", apiCA: ca, want: `SQL_ADMIN_ENDPOINT "10.0.0.3" is not host:port`},
		"an Admin API that nobody could verify":             {instance: instance, user: user, admin: "10.0.0.3:443", want: "GOOGLE_API_CA is required with SQL_ADMIN_ENDPOINT"},
		"an Admin API that nobody would call":               {address: "10.0.0.2:5432", ca: ca, user: "license-migrate", secret: secret, admin: "10.0.0.3:443", apiCA: ca, want: "SQL_ADMIN_ENDPOINT belongs to DATABASE_INSTANCE"},
		"neither instance nor address":                      {user: user, want: "set either DATABASE_INSTANCE or DATABASE_ADDRESS"},
		"both":                                              {instance: instance, address: "10.0.0.2:5432", ca: ca, user: user, secret: secret, want: "set either DATABASE_INSTANCE or DATABASE_ADDRESS"},
		"IAM login without the connector":                   {address: "10.0.0.2:5432", ca: ca, user: user, want: "DATABASE_PASSWORD_SECRET is required with DATABASE_ADDRESS"},
		"an address without a CA":                           {address: "10.0.0.2:5432", user: user, secret: secret, want: "DATABASE_CA is required with DATABASE_ADDRESS"},
		"a CA that the connector would not look at":         {instance: instance, ca: ca, user: user, want: "DATABASE_CA belongs to DATABASE_ADDRESS"},
		"an instance without a region":                      {instance: "p:db", user: user, want: "is not project:region:instance"},
		"IAM login with the service account's e-mail":       {instance: instance, user: "license-api@p.iam.gserviceaccount.com", want: "without .gserviceaccount.com"},
		"a password for a role with a service account name": {instance: instance, user: "license-api@p.iam.gserviceaccount.com", secret: secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := onGoogleCloud(t)
			maps.Copy(environment, map[string]string{
				"DATABASE_INSTANCE": c.instance, "DATABASE_ADDRESS": c.address, "DATABASE_CA": c.ca, "DATABASE_USER": c.user, "DATABASE_PASSWORD_SECRET": c.secret,
				"SQL_ADMIN_ENDPOINT": c.admin, "GOOGLE_API_CA": c.apiCA,
			})
			_, err := server.LoadServe(environment)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDeclaredTenantsAreChecked(t *testing.T) {
	t.Parallel()
	environment := map[string]string{
		"DATABASE_INSTANCE": "p:us-central1:db", "DATABASE_NAME": "licensing", "DATABASE_USER": "license-migrate", "API_DATABASE_USER": "license-api@p.iam",
		"TENANTS": `[{"id":"demo-1","name":"demo","licenses":[{"id":"demo","product":"ide","seats":5,"leaseSeconds":60}]}]`,
	}
	_, seeds, err := server.LoadMigrate(environment)
	require.NoError(t, err)
	declared := seeds[0].Licenses[0]
	assert.Equal(t, 20.0, declared.Onto(app.License{}).HeartbeatInterval.Seconds())
	assert.Nil(t, declared.Overage, "what is not declared is the administrators'")
	for tenants, want := range map[string]string{
		`[{"id":"a}b"}]`: `id "a}b"`,
		`[{"id":"a","licenses":[{"id":"X","seats":-1,"product":"p"}]}]`: "seats",
		`[{"id":"a","plan":"gold"}]`:                                    "plan",
		`{}`:                                                            "JSON list",
		`[] []`:                                                         "more text",
	} {
		environment["TENANTS"] = tenants
		_, _, err := server.LoadMigrate(environment)
		assert.ErrorContains(t, err, want, tenants)
	}
}

func TestHelpListsEverySettingAndUnknownCommandsAreRefused(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, server.Command(t.Context(), []string{"--help"}, nil, &out))
	for name := range onGoogleCloud(t) {
		assert.Contains(t, out.String(), "  "+name+" ")
	}
	for _, arguments := range [][]string{nil, {"x"}, {"serve", "now"}} {
		assert.ErrorContains(t, server.Command(t.Context(), arguments, nil, &out), "serve, migrate, openapi or --help")
	}
}

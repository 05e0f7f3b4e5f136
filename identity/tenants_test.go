package identity_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/identityplatform"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/identity"
)

func withTenants() identity.Settings {
	return identity.Settings{
		AuthorizedDomains: []string{"licenses.coditect.ai"},
		Tenants: []identity.Tenant{
			{Name: "demo", DisplayName: "Demo", PasswordSignIn: true, Licenses: []identity.License{
				{ID: "demo", Product: "coditect-ide", Seats: 5, LeaseSeconds: 300},
			}},
			{Name: "acme", DisplayName: "Acme-Corp", EmailLinkSignIn: true},
		},
	}
}

func TestEveryTenantOfTheSettingsCanBeFoundByItsName(t *testing.T) {
	t.Parallel()
	l := declare(t, options{settings: withTenants()})

	ids, err := internals.UnsafeAwaitOutput(t.Context(), l.accounts.TenantIDs)

	require.NoError(t, err)
	assert.Equal(t, map[string]string{"demo": "tenant-id-of-accounts-demo", "acme": "tenant-id-of-accounts-acme"}, ids.Value)
}

func TestTenantsComeAfterTheProjectMayHaveThem(t *testing.T) {
	t.Parallel()
	l := declare(t, options{settings: withTenants()})

	config := l.One(t, kindConfig, "accounts")

	assert.Equal(t, true, config.Get("multiTenant.allowTenants"))
	for _, tenant := range l.Every(t, kindTenant) {
		assert.True(t, l.ComesAfter(tenant, config), tenant.Name)
	}
}

func TestNobodySignsHimselfUpAndEverySignInIsLogged(t *testing.T) {
	t.Parallel()
	config := declare(t, options{settings: withTenants()}).One(t, kindConfig, "accounts")

	assert.Equal(t, true, config.Get("client.permissions.disabledUserSignup"))
	assert.Equal(t, true, config.Get("client.permissions.disabledUserDeletion"))
	assert.Equal(t, true, config.Get("monitoring.requestLogging.enabled"))
	assert.Equal(t, "ENABLED", config.Get("mfa.state"))
	assert.Equal(t, []any{"licenses.coditect.ai"}, config.Get("authorizedDomains"))
}

func TestIdentityPlatformThatSomebodyElseSetUpIsLeftAlone(t *testing.T) {
	t.Parallel()
	settings := withTenants()
	settings.AuthorizedDomains, settings.ExistingConfig = nil, true
	l := declare(t, options{settings: settings})

	assert.Empty(t, l.Of(kindConfig))
	assert.Len(t, l.Of(kindTenant), 2)
}

func TestSuspendedSignInLetsNobodyInAndLosesNobody(t *testing.T) {
	t.Parallel()
	suspended := withTenants()
	suspended.SignInSuspended = true

	for suspended, l := range map[bool]*layer{
		false: declare(t, options{settings: withTenants()}),
		true:  declare(t, options{settings: suspended}),
	} {
		demo := l.One(t, kindTenant, "accounts-demo")
		assert.Equal(t, suspended, demo.Get("disableAuth"))
		assert.Equal(t, true, demo.Get("allowPasswordSignup"), "off again brings back what was")
		assert.Equal(t, false, demo.Get("enableEmailLinkSignin"))
	}
}

func TestATenantsUsersAreNotLostByMistake(t *testing.T) {
	t.Parallel()
	off := false
	unprotected := withTenants()
	unprotected.DeletionProtection = &off

	for _, tenant := range declare(t, options{settings: withTenants()}).Every(t, kindTenant) {
		assert.True(t, tenant.Protect, tenant.Name)
	}
	for _, tenant := range declare(t, options{settings: unprotected}).Every(t, kindTenant) {
		assert.False(t, tenant.Protect, tenant.Name)
	}
}

func TestWrongIdentitySettingsAreNamedWithTheirKey(t *testing.T) {
	t.Parallel()
	require.Empty(t, withTenants().Validate())
	require.Empty(t, identity.Settings{}.Validate())
	for name, c := range map[string]struct {
		spoil func(*identity.Settings)
		keys  []string
	}{
		"a node account that is a person": {
			func(s *identity.Settings) { s.NodeAccount = "jane@coditect.ai" }, []string{"nodeAccount"},
		},
		"a second factor nobody knows": {
			func(s *identity.Settings) { s.MFA = "SOMETIMES" }, []string{"mfa"},
		},
		"a domain with a scheme": {
			func(s *identity.Settings) { s.AuthorizedDomains[0] = "https://coditect.ai" }, []string{"authorizedDomains[0]"},
		},
		"a domain without a dot": {
			func(s *identity.Settings) { s.AuthorizedDomains[0] = "coditect" }, []string{"authorizedDomains[0]"},
		},
		"an address for a domain": {
			func(s *identity.Settings) { s.AuthorizedDomains[0] = "10.0.0.1" }, []string{"authorizedDomains[0]"},
		},
		"settings of a sign-in that is set up elsewhere": {
			func(s *identity.Settings) { s.ExistingConfig = true }, []string{"existingConfig"},
		},
		"a tenant twice": {
			func(s *identity.Settings) { s.Tenants[1].Name = "demo" }, []string{"tenants[1].name"},
		},
		"a display name that Identity Platform refuses": {
			func(s *identity.Settings) { s.Tenants[0].DisplayName = "A B" }, []string{"tenants[0].displayName"},
		},
		"a licence twice, in two tenants": {
			func(s *identity.Settings) { s.Tenants[1].Licenses = s.Tenants[0].Licenses }, []string{"tenants[1].licenses[0].id"},
		},
		"a licence without seats or time": {
			func(s *identity.Settings) {
				s.Tenants[0].Licenses[0] = identity.License{ID: "demo", Product: "coditect-ide"}
			},
			[]string{"tenants[0].licenses[0].seats", "tenants[0].licenses[0].leaseSeconds"},
		},
		"a licence with a path in its name": {
			func(s *identity.Settings) {
				s.Tenants[0].Licenses[0].ID, s.Tenants[0].Licenses[0].Product = "../admin", "A"
			},
			[]string{"tenants[0].licenses[0].id", "tenants[0].licenses[0].product"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := withTenants()
			c.spoil(&settings)

			var keys []string
			for _, problem := range settings.Validate() {
				keys = append(keys, problem.Key)
			}

			assert.Equal(t, c.keys, keys)
		})
	}
}

func TestALicenceTakesTheSmallestAndLargestNumbersAndNotTheNextOnes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seats, leaseSeconds int
		keys                []string
	}{
		"one seat, for half a minute":          {1, 30, nil},
		"the most seats, for a day":            {100_000, 86_400, nil},
		"no seat, and less than half a minute": {0, 29, []string{"tenants[0].licenses[0].seats", "tenants[0].licenses[0].leaseSeconds"}},
		"more seats, for more than a day":      {100_001, 86_401, []string{"tenants[0].licenses[0].seats", "tenants[0].licenses[0].leaseSeconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := withTenants()
			settings.Tenants[0].Licenses[0].Seats, settings.Tenants[0].Licenses[0].LeaseSeconds = c.seats, c.leaseSeconds
			var keys []string
			for _, problem := range settings.Validate() {
				keys = append(keys, problem.Key)
			}
			assert.Equal(t, c.keys, keys)
		})
	}
}

func TestASignInThatIsSetUpElsewhereIsLeftToItsOwner(t *testing.T) {
	t.Parallel()
	assert.Empty(t, identity.Settings{ExistingConfig: true}.Validate())
	for name, settings := range map[string]identity.Settings{
		"a domain of ours": {ExistingConfig: true, AuthorizedDomains: []string{"coditect.ai"}},
		"a second factor":  {ExistingConfig: true, MFA: "ENABLED"},
	} {
		assert.ErrorContains(t, settings.Validate().Err(), "have no effect", name)
	}
}

func TestADomainHasAtMost253Characters(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a23456789.", 25) + "com"
	assert.Empty(t, identity.Settings{AuthorizedDomains: []string{longest}}.Validate())
	assert.NotEmpty(t, identity.Settings{AuthorizedDomains: []string{"a" + longest}}.Validate())
}

func TestWhatTheProviderCannotSayOfATenantIsACommandOfTheDocument(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	require.NoError(t, err)
	for field, sent := range map[string]string{"Client": `"disabledUserSignup": true`, "MfaConfig": `"mfaConfig": {"state": "ENABLED"`} {
		_, known := reflect.TypeFor[identityplatform.TenantArgs]().FieldByName(field)
		assert.False(t, known, "the provider knows it now: declare it, and take the command out of the document")
		assert.Contains(t, string(content), sent)
	}
}

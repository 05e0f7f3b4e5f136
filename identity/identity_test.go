package identity_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/identity"
)

const (
	kindAccount  = "gcp:serviceaccount/account:Account"
	kindWorkload = "gcp:serviceaccount/iAMMember:IAMMember"
	kindConfig   = "gcp:identityplatform/config:Config"
	kindTenant   = "gcp:identityplatform/tenant:Tenant"
	kindService  = "gcp:projects/service:Service"
)

// options choose which program is declared.
type options struct {
	settings       identity.Settings
	createsCluster bool
}

// layer is the whole of layer 5, declared under a Recorder.
type layer struct {
	*declared.Recorder
	accounts *identity.Accounts
}

func declare(t *testing.T, o options) *layer {
	t.Helper()
	l := &layer{Recorder: &declared.Recorder{Cloud: declared.Echo{Computed: computed}}}
	require.NoError(t, l.Run(func(ctx *pulumi.Context) error { return l.program(ctx, o) }))
	return l
}

func (l *layer) program(ctx *pulumi.Context, o options) error {
	api, err := projects.NewService(ctx, "api", &projects.ServiceArgs{Service: pulumi.String("iam.googleapis.com")})
	if err != nil {
		return err
	}
	cluster, err := projects.NewService(ctx, "cluster", &projects.ServiceArgs{Service: pulumi.String("container.googleapis.com")})
	if err != nil {
		return err
	}
	l.accounts, err = identity.NewAccounts(ctx, "accounts", &identity.AccountsArgs{
		Settings:                o.settings,
		Project:                 "acme",
		Namespace:               "coditect-app",
		APIServiceAccount:       "license-api",
		MigrationServiceAccount: "license-migrate",
		Services:                []pulumi.Resource{api},
	})
	if err != nil {
		return err
	}
	_, err = identity.NewWorkloadIdentity(ctx, "workloads", &identity.WorkloadIdentityArgs{
		Accounts: l.accounts, Pool: []pulumi.Resource{cluster},
	})
	if err != nil {
		return err
	}
	_, err = identity.NewGrants(ctx, "grants", &identity.GrantsArgs{
		Settings:                  o.settings,
		Project:                   "acme",
		Region:                    "us-central1",
		APIEmail:                  l.accounts.APIEmail,
		MigrationEmail:            l.accounts.MigrationEmail,
		NodeEmail:                 l.accounts.NodeEmail,
		SigningKeyID:              pulumi.String("signing-key"),
		SQLInstanceName:           pulumi.String("stores-1a2b3c"),
		RedisAuthSecretID:         pulumi.String("redis-auth"),
		MigrationPasswordSecretID: pulumi.String("migration-password"),
		RegistryRepository:        pulumi.String("license-platform"),
		CreatesCluster:            o.createsCluster,
	})
	return err
}

func computed(kind, name string) resource.PropertyMap {
	switch kind {
	case kindAccount:
		return resource.PropertyMap{
			"email": resource.NewProperty(name + "@acme.iam.gserviceaccount.com"),
			"name":  resource.NewProperty("full-name-of-" + name),
		}
	case kindTenant:
		return resource.PropertyMap{"name": resource.NewProperty("tenant-id-of-" + name)}
	default:
		return nil
	}
}

// bindings lists every right that the program gives, one a line: who, what, on
// what, under which condition.
func bindings(t *testing.T, l *layer) []string {
	t.Helper()
	only := "only resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/acme/instances/stores-1a2b3c'"
	var listed []string
	for _, d := range l.Resources {
		if d.Get("role") == nil {
			continue
		}
		on := ""
		for _, key := range []string{"cryptoKeyId", "secretId", "repository", "serviceAccountId", "project"} {
			if d.Get(key) != nil {
				on = fmt.Sprint(key, " ", d.Get(key))
				break
			}
		}
		line := fmt.Sprint(d.Get("member"), " is ", d.Get("role"), " on ", on)
		if d.Get("condition") != nil {
			require.Equal(t, only, "only "+d.Get("condition.expression").(string))
			line += ", this database only"
		}
		listed = append(listed, line)
	}
	slices.Sort(listed)
	return listed
}

const (
	api       = "serviceAccount:accounts-api@acme.iam.gserviceaccount.com is "
	migration = "serviceAccount:accounts-migration@acme.iam.gserviceaccount.com is "
	nodes     = "serviceAccount:accounts-nodes@acme.iam.gserviceaccount.com is "
	pool      = "serviceAccount:acme.svc.id.goog[coditect-app/"
)

// always are the rights that every stack gives.
func always() []string {
	return []string{
		api + "roles/cloudkms.publicKeyViewer on cryptoKeyId signing-key",
		api + "roles/cloudkms.signer on cryptoKeyId signing-key",
		api + "roles/secretmanager.secretAccessor on secretId redis-auth",
		migration + "roles/secretmanager.secretAccessor on secretId migration-password",
		pool + "license-api] is roles/iam.workloadIdentityUser on serviceAccountId full-name-of-accounts-api",
		pool + "license-migrate] is roles/iam.workloadIdentityUser on serviceAccountId full-name-of-accounts-migration",
	}
}

func TestTheseAreAllTheRightsThatExist(t *testing.T) {
	t.Parallel()
	adopted := identity.Settings{NodeAccount: "ide-nodes@acme.iam.gserviceaccount.com"}
	suspended := identity.Settings{NodeAccount: adopted.NodeAccount, SigningSuspended: true}
	login := []string{
		api + "roles/cloudsql.client on project acme, this database only",
		api + "roles/cloudsql.instanceUser on project acme, this database only",
		migration + "roles/cloudsql.client on project acme, this database only",
	}
	pull := "serviceAccount:ide-nodes@acme.iam.gserviceaccount.com is roles/artifactregistry.reader on repository license-platform"

	for name, c := range map[string]struct {
		options options
		beyond  []string
		without string
	}{
		"an adopted cluster": {options{settings: adopted}, append(login, pull), ""},
		"a created cluster": {options{createsCluster: true}, append(
			login,
			nodes+"roles/artifactregistry.reader on repository license-platform",
			nodes+"roles/logging.logWriter on project acme",
			nodes+"roles/monitoring.metricWriter on project acme",
			nodes+"roles/stackdriver.resourceMetadata.writer on project acme",
		), ""},
		"signing suspended": {options{settings: suspended}, append(login, pull), "roles/cloudkms.signer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := append(always(), c.beyond...)
			if c.without != "" {
				want = slices.DeleteFunc(want, func(line string) bool { return strings.Contains(line, c.without) })
			}
			slices.Sort(want)

			assert.Equal(t, want, bindings(t, declare(t, c.options)))
		})
	}
}

func TestNothingReplacesRightsThatOthersGave(t *testing.T) {
	t.Parallel()
	for _, d := range declare(t, options{createsCluster: true}).Resources {
		assert.NotRegexp(t, `IAMBinding|IAMPolicy|IamBinding|IamPolicy`, d.Type, "authoritative kinds take away what they do not list")
		assert.NotRegexp(t, `serviceaccount/key`, d.Type, "no service account has a key")
	}
}

func TestWorkloadsAreBoundOnlyOnceTheClusterMadeTheIdentityPool(t *testing.T) {
	t.Parallel()
	l := declare(t, options{createsCluster: true})

	for _, binding := range l.Every(t, kindWorkload) {
		assert.True(t, l.ComesAfter(binding, l.One(t, kindService, "cluster")), binding.Name)
	}
	for _, account := range l.Every(t, kindAccount) {
		assert.False(t, l.ComesAfter(account, l.One(t, kindService, "cluster")), "the cluster's nodes need their account")
		assert.True(t, l.ComesAfter(account, l.One(t, kindService, "api")), "APIs are enabled first")
	}
}

func TestNodesOfAnAdoptedClusterKeepTheirAccount(t *testing.T) {
	t.Parallel()
	l := declare(t, options{settings: identity.Settings{NodeAccount: "ide-nodes@acme.iam.gserviceaccount.com"}})

	email, err := internals.UnsafeAwaitOutput(t.Context(), l.accounts.NodeEmail)

	require.NoError(t, err)
	assert.Equal(t, "ide-nodes@acme.iam.gserviceaccount.com", email.Value)
	assert.Len(t, l.Of(kindAccount), 2, "the API's and the migration's")
}

package rights_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/ops/rights"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the table in docs/rights.md anew")
	flag.Parse()
	os.Exit(m.Run())
}

const (
	root  = "../.."
	begin = "<!-- computed: go test ./ops/rights -update -->\n"
	end   = "<!-- end -->\n"
)

func TestTheRolesOfEachAccountAllowWhatItDoesToEveryStack(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]plan.Change{
		"dev": nil, "prod": nil,
		"dev, by the Connect gateway":  {plan.Set("kubernetes.cluster.connectGateway", true)},
		"prod, sign-in of its own":     {plan.Set("identity.existingConfig", false)},
		"prod, zones for the network":  {plan.Set("network.privateZonesForAll", true)},
		"prod, with Cloud NAT":         {plan.Set("network.nat", true)},
		"dev, with no deletion at all": {plan.Set("data.deletionProtection", true)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack, _, _ := strings.Cut(name, ",")
			made, err := plan.Make(root, stack, changes...)
			require.NoError(t, err)
			read, write, unknown, err := rights.Of(made)
			require.NoError(t, err)
			assert.Empty(t, unknown, "say in needs.json what the provider calls for them")
			lookUps, err := rights.LookUps()
			require.NoError(t, err)
			for account, needed := range map[string]struct {
				rights.Account
				permissions []string
			}{
				"preview": {rights.Preview(), lookUps},
				"drift":   {rights.Drift(), slices.Concat(lookUps, read)},
				"deploy":  {rights.Deploy(), slices.Concat(lookUps, read, write)},
			} {
				missing, err := needed.Missing(needed.permissions)
				require.NoError(t, err)
				assert.Empty(t, missing, account)
			}
		})
	}
}

func TestNoRoleOfThePreviewOrOfTheDriftAccountIsOneTooMany(t *testing.T) {
	t.Parallel()
	made, err := plan.Make(root, "dev")
	require.NoError(t, err)
	read, _, _, err := rights.Of(made)
	require.NoError(t, err)
	lookUps, err := rights.LookUps()
	require.NoError(t, err)
	for account, permissions := range map[*rights.Account][]string{ptr(rights.Preview()): lookUps, ptr(rights.Drift()): slices.Concat(lookUps, read)} {
		for i, role := range account.Roles {
			less := *account
			less.Roles = slices.Delete(slices.Clone(account.Roles), i, i+1)
			missing, err := less.Missing(permissions)
			require.NoError(t, err)
			assert.NotEmpty(t, missing, "%s without %s", account.Name, role)
		}
	}
}

func ptr(a rights.Account) *rights.Account { return &a }

func TestThePreviewAccountReadsNoSecretAndChangesNothing(t *testing.T) {
	t.Parallel()
	needs, err := rights.Needs()
	require.NoError(t, err)
	var forbidden []string
	for _, need := range needs {
		for _, permission := range need.Write {
			if !strings.HasSuffix(permission, ".get") && !strings.HasSuffix(permission, ".list") {
				forbidden = append(forbidden, permission)
			}
		}
	}
	forbidden = append(forbidden, "secretmanager.versions.access", "redis.instances.getAuthString")
	missing, err := rights.Preview().Missing(forbidden)
	require.NoError(t, err)
	assert.Equal(t, forbidden, missing)
}

func TestEveryTypeAndEveryLookUpOfTheEmbeddedCloudHasItsRights(t *testing.T) {
	t.Parallel()
	needs, err := rights.Needs()
	require.NoError(t, err)
	google := &gcp.Cloud{}
	for _, kind := range google.Kinds() {
		assert.Contains(t, needs, kind.Type)
		delete(needs, kind.Type)
	}
	for function := range google.Functions() {
		assert.Contains(t, needs, function)
		delete(needs, function)
	}
	assert.Empty(t, needs, "nobody needs these any more")
}

func TestANewcomerThatNobodyHasJudgedIsFound(t *testing.T) {
	t.Parallel()
	_, _, unknown, err := rights.Of(&plan.Plan{Resources: []declared.Resource{{Type: "gcp:compute/route:Route", Name: "default", Custom: true}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"gcp:compute/route:Route"}, unknown)
}

func TestTheDocumentListsTheAccounts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, "docs", "rights.md")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if flag.Lookup("update").Value.(flag.Getter).Get().(bool) {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+rights.Markdown()+end+after), 0o644)) //nolint:gosec // a document
		return
	}
	assert.Equal(t, rights.Markdown(), table, "if that is meant: go test ./ops/rights -update")
}

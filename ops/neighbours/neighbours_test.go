package neighbours_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/ops/neighbours"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the table in docs/neighbours.md anew")
	flag.Parse()
	os.Exit(m.Run())
}

const begin, end = "<!-- computed from prod's plan: go test ./ops/neighbours -update -->\n", "<!-- end -->\n"

func prod(t *testing.T, changes ...plan.Change) *plan.Plan {
	t.Helper()
	made, err := plan.Make(filepath.Join("..", ".."), "prod", changes...)
	require.NoError(t, err)
	return made
}

func TestTheDocumentListsWhatOfOthersProdTouchesAndEveryResourceIsJudged(t *testing.T) {
	t.Parallel()
	rows, unknown := neighbours.Table(prod(t))
	assert.Empty(t, unknown, "does it write to something that was there before, or that others read? Say so in effects.go, or that its kind is Own")
	path := filepath.Join("..", "..", "docs", "neighbours.md")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if flag.Lookup("update").Value.(flag.Getter).Get().(bool) {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+neighbours.Markdown(rows)+end+after), 0o644)) //nolint:gosec // a document
		return
	}
	assert.Equal(t, neighbours.Markdown(rows), table, "the plan touches something else than the document says; if that is meant: go test ./ops/neighbours -update")
}

func TestANewcomerThatNobodyHasJudgedIsFound(t *testing.T) {
	t.Parallel()
	_, unknown := neighbours.Table(&plan.Plan{Resources: []declared.Resource{{Type: "gcp:compute/route:Route", Name: "default", Custom: true}}})
	assert.Equal(t, []string{"gcp:compute/route:Route default"}, unknown)
}

func TestSettingsThatTouchMoreOfOthersHaveMoreRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change plan.Change
		row    string
	}{
		"zones for the whole network":  {plan.Set("network.privateZonesForAll", true), "resolves Google's names"},
		"the project's sign-in":        {plan.Set("identity.existingConfig", false), "The project's sign-in"},
		"Cloud NAT in their network":   {plan.Set("network.nat", true), "reach the internet"},
		"a denial for their pods, too": {denyNamespace(), "Pods of others in the namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usual, _ := neighbours.Table(prod(t))
			assert.NotContains(t, neighbours.Markdown(usual), c.row)
			more, unknown := neighbours.Table(prod(t, c.change))
			assert.Empty(t, unknown)
			assert.Contains(t, neighbours.Markdown(more), c.row)
		})
	}
}

func TestAuditConfigurationCanBeLeftOut(t *testing.T) {
	t.Parallel()
	rows, _ := neighbours.Table(prod(t, plan.Set("observe.existingAudit", true)))
	assert.NotContains(t, neighbours.Markdown(rows), "audit configuration")
}

func denyNamespace() plan.Change {
	return func(r *plan.Run) {
		plan.Set("kubernetes.networkPolicies.denyNamespace", true)(r)
		plan.Set("kubernetes.networkPolicies.stayingWorkloads", []any{map[string]any{"name": "api", "podLabels": map[string]any{"app": "coditect-api-v2"}}})(r)
	}
}

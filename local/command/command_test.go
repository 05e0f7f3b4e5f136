package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

const file = `config:
  license-platform:armor:
    rateLimit: {count: 100}
  license-platform:network:
    name: coditect-vpc
    privateServicesRange: 10.60.0.0/20
  license-platform:identity:
    tenants:
      - name: demo
        licenses: [{id: trial}]
`

// project makes a folder with a settings file, and a cloud folder with a
// certificate authority.
func project(t *testing.T) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	dir = filepath.Join(root, ".local")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.local.yaml"), []byte(file), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("PEM"), 0o600))
	return root, dir
}

func TestSettingsAreTheCommittedOnesWithThisMachinesAddresses(t *testing.T) {
	t.Parallel()
	root, dir := project(t)
	plan := address.Plan{Block: 77, EdgePort: 8443}
	a := &app{config: []string{"armor.rateLimit.count=50", "network.nat=true", "observe.bucket=logs-2"}}
	s, err := a.readSettings(root, dir, plan)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"name": "coditect-vpc", "privateServicesRange": "127.77.16.0/20", "nat": true,
	}, s.overrides["license-platform:network"])
	assert.Equal(t, map[string]any{"rateLimit": map[string]any{"count": 50.0}}, s.overrides["license-platform:armor"])
	assert.Equal(t, map[string]any{"bucket": "logs-2"}, s.overrides["license-platform:observe"])
	endpoints := s.overrides["license-platform:endpoints"].(map[string]any)
	assert.Equal(t, "127.77.8.10:8443", endpoints["kms"])
	assert.Equal(t, "127.77.8.17:8443", endpoints["sqlAdmin"])
	assert.Equal(t, "PEM", endpoints["ca"])
	tenant, license := s.demo()
	assert.Equal(t, "demo", tenant)
	assert.Equal(t, "trial", license)

	again, err := a.readSettings(root, dir, plan)
	require.NoError(t, err)
	assert.Equal(t, s.secrets, again.secrets, "generated passwords stay")
	assert.NotEmpty(t, s.secrets["license-platform:migrationPassword"])
	content, err := os.ReadFile(filepath.Join(root, "Pulumi.local.yaml"))
	require.NoError(t, err)
	assert.Equal(t, file, string(content), "the committed file is never changed")
}

func TestAnAssignmentThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, assignment := range []string{"", "armor", "armor=1", ".count=1", "armor.=1"} {
		s := settings{file: []byte(file), overrides: map[string]any{}}
		require.ErrorContains(t, s.assign(assignment), "armor.rateLimit.count=50", "%q", assignment)
	}
}

func TestThePlanOfBeforeIsKeptUnlessFlagsSayOtherwise(t *testing.T) {
	t.Setenv("EDGE_PORT", "")
	dir := t.TempDir()
	first, err := (&app{}).choosePlan(dir)
	require.NoError(t, err)
	assert.Equal(t, defaultEdgePort, first.EdgePort)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plan.json"), []byte(`{"block": 99, "edgePort": 9000}`), 0o600))

	kept, err := (&app{}).choosePlan(dir)
	require.NoError(t, err)
	assert.Equal(t, address.Plan{Block: 99, EdgePort: 9000}, kept)
	flagged, err := (&app{edgePort: 9100, loopbackBlock: 50}).choosePlan(dir)
	require.NoError(t, err)
	assert.Equal(t, address.Plan{Block: 50, EdgePort: 9100}, flagged)
	t.Setenv("EDGE_PORT", "9200")
	fromEnvironment, err := (&app{}).choosePlan(dir)
	require.NoError(t, err)
	assert.Equal(t, 9200, fromEnvironment.EdgePort)
	t.Setenv("EDGE_PORT", "https")
	_, err = (&app{}).choosePlan(dir)
	require.ErrorContains(t, err, "EDGE_PORT")
	_, err = (&app{edgePort: 9100, loopbackBlock: 300}).choosePlan(dir)
	require.ErrorContains(t, err, "must be between")
}

func TestTwoCommandsAtOnceAreToldApart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cloud")
	release, err := lock(dir)
	require.NoError(t, err)
	_, err = lock(dir)
	require.ErrorContains(t, err, "another command works on this embedded cloud since ")
	require.ErrorContains(t, err, "'"+self()+" "+os.Args[1], "which command it is")
	require.ErrorContains(t, err, fmt.Sprintf("or by 'kill -INT %d'", os.Getpid()), "how to end it")
	release()
	again, err := lock(dir)
	require.NoError(t, err)
	again()
}

func TestAPreviewNamesExactlyWhatChanges(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &changes{out: newPrinter(&out, &out)}
	step := engine.Step{
		Phase: engine.Started, Custom: true, Op: "update", Type: "gcp:compute/securityPolicyRule:SecurityPolicyRule", Name: "armor-rate-limit",
		Diff:   map[string]string{"options.threshold.count": "update", `labels["a.b/c"]`: "add", "ranges[1]": "delete"},
		Before: map[string]any{"options": map[string]any{"threshold": map[string]any{"count": 100}}, "ranges": []any{"x", "y"}},
		After:  map[string]any{"options": map[string]any{"threshold": map[string]any{"count": 50}}, "labels": map[string]any{"a.b/c": "d"}},
	}
	c.watch(step)
	c.watch(engine.Step{Phase: engine.Started, Custom: true, Op: "same", Type: "gcp:x:X", Name: "other"})
	step.Phase = engine.Done
	c.watch(step)
	c.print()
	assert.Equal(t, `~ gcp:compute/securityPolicyRule:SecurityPolicyRule armor-rate-limit
    labels["a.b/c"]: nothing → "d"
    options.threshold.count: 100 → 50
    ranges[1]: "y" → nothing
1 to update, 1 unchanged
`, out.String())
}

func TestAPreviewSaysWhatIsNotKnownYetAndShowsLongValuesWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &changes{out: newPrinter(&out, &out)}
	long := strings.Repeat("é", 500)
	c.watch(engine.Step{
		Phase: engine.Started, Custom: true, Op: "replace", Type: "gcp:kms/cryptoKey:CryptoKey", Name: "k",
		Diff:   map[string]string{"keyRing": "update-replace", "text": "update", "list": "update"},
		Before: map[string]any{"keyRing": "projects/p", "text": long + "old" + long, "list": []any{"a"}},
		After:  map[string]any{"keyRing": plugin.UnknownStringValue, "text": long + "new", "list": []any{"b/" + plugin.UnknownStringValue}},
	})
	c.print()
	assert.Equal(t, `± gcp:kms/cryptoKey:CryptoKey k
    keyRing: "projects/p" → (known after the update)  (replaces the resource)
    list: ["a"] → ["b/(known after the update)"]
    text: …`+long[:2*40]+`old`+long[:2*157]+`… → …`+long[:2*40]+`new"
1 to replace, 0 unchanged
`, out.String())
}

func TestOutsideOfTheProjectTheFolderHasToBeNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := (&app{}).folder()
	require.ErrorIs(t, err, errNoProject)
	var out, complaints bytes.Buffer
	code := Main(t.Context(), nil, []string{"status"}, &out, &complaints)
	assert.Equal(t, 1, code)
	assert.Contains(t, complaints.String(), "Pulumi.local.yaml")
	code = Main(t.Context(), nil, []string{"status", "--dir", t.TempDir()}, &out, &complaints)
	assert.Equal(t, 1, code)
	assert.Contains(t, complaints.String(), "nothing runs here")
}

func TestDownWhereNothingIsUpIsNoError(t *testing.T) {
	t.Parallel()
	var out, complaints bytes.Buffer
	code := Main(t.Context(), nil, []string{"down", "--dir", filepath.Join(t.TempDir(), "none")}, &out, &complaints)
	assert.Zero(t, code, complaints.String())
	assert.Contains(t, out.String(), "nothing is up here")
}

func TestAMisspeltFaultIsToldWithAllNames(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"fail", "heal"} {
		root := New(nil, io.Discard, io.Discard)
		root.SetArgs([]string{verb, "--dir", t.TempDir(), "rediss"})
		require.ErrorContains(t, root.Execute(), `there is no fault "rediss", did you mean "redis": allowed are `+strings.Join(fault.Names(), ", "))
	}
	root := New(nil, io.Discard, io.Discard)
	root.SetArgs([]string{"fail", "--dir", t.TempDir()})
	require.ErrorContains(t, root.Execute(), "say what is to fail: "+strings.Join(fault.Names(), ", "))
}

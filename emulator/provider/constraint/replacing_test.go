package constraint_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
	"github.com/coditect-ai/license-platform/stack/strict"
)

// replacingFile lists the settings whose change replaces or moves something of the
// local stack, each with another value that is valid, and the types of what it
// replaces. The drill of wrong settings in local/e2e tries all of them.
const replacingFile = "../../../local/e2e/testdata/replacing.txt"

// others are values that a setting is tried with: the first that is valid and
// replaces something is taken.
func others(present any, kind reflect.Kind) []any {
	switch kind {
	case reflect.Bool:
		return []any{present != true}
	case reflect.Int, reflect.Int64, reflect.Float64:
		number, _ := present.(float64)
		tried := []any{number + 1}
		if number != 0 { // 0 means the default
			tried = append(tried, 2*number)
		}
		return append(tried, 7.0, 3600.0, 100000.0)
	case reflect.String:
		return []any{
			"other", "other-project-1", "europe-west1", "us-central1-a", "example.com", "10.99.0.0/20", "10.98.0.0/28", "STANDARD_HA", "REGIONAL",
			"db-custom-2-7680", "POSTGRES_17", "REDIS_6_X", "calico", "iam", "other@coditect-cloud-infra.iam.gserviceaccount.com", "2027-01", "SOFTWARE", "HSM",
		}
	default:
		return nil
	}
}

// leaves calls visit with the path and kind of every setting that is one value.
func leaves(typ reflect.Type, prefix string, visit func(path string, kind reflect.Kind)) {
	for i := range typ.NumField() {
		path, field := prefix+strict.Key(typ.Field(i)), typ.Field(i).Type
		for field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Kind() == reflect.Struct {
			leaves(field, path+".", visit)
			continue
		}
		visit(path, field.Kind())
	}
}

// chosenHere are the settings that the embedded cloud chooses itself.
func chosenHere(path string) bool { return strings.HasPrefix(path, "endpoints.") }

// replaced says which types of a plan another plan replaces, and whether it looks for
// something that does not exist.
func (w *fixture) replaced(before *plan.Plan, change plan.Change) (types []string, moves, valid bool) {
	after, err := plan.Make(stacktest.Root(w.t), "local", change)
	switch {
	case err != nil && (strings.Contains(err.Error(), "which no test knows") || strings.Contains(err.Error(), "do not fit what exists")):
		return nil, true, true
	case err != nil:
		return nil, false, false
	}
	was := map[string]declared.Resource{}
	for _, r := range before.Resources {
		was[r.URN] = r
	}
	found := map[string]bool{}
	for _, r := range after.Resources {
		old, known := was[r.URN]
		delete(was, r.URN)
		if !r.Custom || !known || r.Type == plan.OutputsType || strings.HasPrefix(r.Type, "pulumi:") {
			continue
		}
		answer, err := w.server(r.Type).Diff(w.t.Context(), &pulumirpc.DiffRequest{Id: "an-id", Urn: r.URN, OldInputs: w.wire(old.Inputs()), News: w.wire(r.Inputs())})
		require.NoError(w.t, err, r.URN)
		found[r.Type] = found[r.Type] || len(answer.GetReplaces()) > 0
	}
	for _, r := range was { // it is there no more, perhaps under another name
		found[r.Type] = found[r.Type] || r.Custom && !strings.HasPrefix(r.Type, "pulumi:")
	}
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(found)), false, true
}

// TestDrillEverySettingThatReplacesOrMovesIsTried computes the list from the program
// and from what the providers replace. To write it anew: UPDATE=1.
func TestDrillEverySettingThatReplacesOrMovesIsTried(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred plans")
	}
	w, before := newFixture(t), stacktest.Deploy(t, "local")
	content, err := os.ReadFile(filepath.Join(stacktest.Root(t), "Pulumi.local.yaml"))
	require.NoError(t, err)
	config, err := stackfile.Config("local", content)
	require.NoError(t, err)
	var lines []string
	leaves(reflect.TypeFor[stack.Settings](), "", func(path string, kind reflect.Kind) {
		if chosenHere(path) {
			return
		}
		for _, other := range others(settingAt(config, path), kind) {
			types, moves, valid := w.replaced(before, plan.Set(path, other))
			if len(types) == 0 && !moves {
				if valid && kind != reflect.String {
					return // it changes in place, whatever the number
				}
				continue
			}
			if !moves {
				lines = append(lines, line(t, path, other, types))
				return
			}
			lines = append(lines, line(t, path, other, []string{"refused"}))
			if types, _, valid := w.replaced(before, plan.Set(path, cloudide.SSLPolicy)); valid && len(types) > 0 {
				lines = append(lines, line(t, path, cloudide.SSLPolicy, types)) // what exists is not refused
			}
			return
		}
	})
	text := strings.Join(lines, "\n") + "\n"
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(replacingFile), 0o755))
		require.NoError(t, os.WriteFile(replacingFile, []byte(text), 0o644))
	}
	listed, err := os.ReadFile(replacingFile)
	require.NoError(t, err)
	assert.Equal(t, string(listed), text, "UPDATE=1 go test ./emulator/provider/constraint -run Drill")
	assert.Greater(t, len(lines), 15)
}

// line is a setting with another value, and the types of what it replaces.
func line(t *testing.T, path string, other any, types []string) string {
	t.Helper()
	value, err := json.Marshal(other)
	require.NoError(t, err)
	return fmt.Sprintf("%s=%s %s", path, value, strings.Join(types, ","))
}

func settingAt(config map[string]any, path string) any {
	layer, rest, _ := strings.Cut(path, ".")
	var at any = config["license-platform:"+layer]
	for key := range strings.SplitSeq(rest, ".") {
		object, _ := at.(map[string]any)
		at = object[key]
	}
	return at
}

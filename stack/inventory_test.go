package stack_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
)

// TestInventory compares everything that a stack declares with a reviewed file,
// so that a change of the plan is seen in review. After a change that is meant:
//
//	go test ./stack -run TestInventory -update
func TestInventory(t *testing.T) {
	update := flag.Lookup("update").Value.(flag.Getter).Get().(bool)
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		path := filepath.Join("testdata", "inventory", made.Stack+".txt")
		actual := inventory(t, made)
		if update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(actual), 0o644)) //nolint:gosec // reviewed by everybody
			return
		}
		reviewed, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Empty(t, changed(string(reviewed), actual), "the plan changed; if that is meant: go test ./stack -run TestInventory -update")
	})
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the reviewed inventories anew")
	flag.Bool("released", false, "write what the released version declares anew")
	flag.Parse()
	os.Exit(m.Run())
}

// inventory lists every resource with its options and inputs, by type and name.
// Secrets are shown as such.
func inventory(t *testing.T, made *plan.Plan) string {
	t.Helper()
	var blocks []string
	for _, r := range made.Resources {
		if !r.Custom || r.Type == "test:index:Outputs" {
			continue
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s", r.Type, r.Name)
		for _, option := range r.Options() {
			text.WriteString(" [" + option + "]")
		}
		text.WriteString("\n")
		inputs := r.Shown()
		for _, key := range slices.Sorted(maps.Keys(inputs)) {
			fmt.Fprintf(&text, "  %s: %s", key, encoded(t, inputs[key]))
		}
		blocks = append(blocks, text.String())
	}
	slices.Sort(blocks)
	return strings.Join(blocks, "\n")
}

// encoded is JSON on one line, readable where it holds expressions.
func encoded(t *testing.T, value any) string {
	t.Helper()
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(value))
	return text.String()
}

// changed lists what one inventory has and the other does not.
func changed(reviewed, actual string) (lines []string) {
	before, after := strings.Split(reviewed, "\n\n"), strings.Split(actual, "\n\n")
	for _, block := range before {
		if !slices.Contains(after, block) {
			lines = append(lines, "- "+block)
		}
	}
	for _, block := range after {
		if !slices.Contains(before, block) {
			lines = append(lines, "+ "+block)
		}
	}
	return lines
}

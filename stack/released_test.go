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

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// released is a resource as the last released version of the program declares it: its name
// in the state, and every input whose change makes it anew.
type released struct {
	URN   string         `json:"urn"`
	Fixed map[string]any `json:"fixed,omitempty"`
}

// intended are the resources that a next version may replace or delete, by their names, each with
// why that loses nothing and interrupts nobody, or where it is announced. The list is emptied
// with each release.
func intended() map[string]string { return map[string]string{} }

// TestTheNextVersionReplacesNothingUnsaid compares what is declared today with what the last
// release declared, so that a renamed resource without an alias fails, and so does one that
// moved to another component, is gone, or has another value where only a new resource can have it.
// With a release:
//
//	go test ./stack -run TheNextVersion -released
func TestTheNextVersionReplacesNothingUnsaid(t *testing.T) {
	write := flag.Lookup("released").Value.(flag.Getter).Get().(bool)
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		path := filepath.Join("testdata", "released", made.Stack+".json")
		if write {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, record(t, made), 0o644)) //nolint:gosec // reviewed by everybody
			return
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var before []released
		require.NoError(t, json.Unmarshal(content, &before))
		require.Greater(t, len(before), 100)
		harms := harmed(before, made.InCloud())
		for name := range intended() {
			delete(harms, name)
		}
		assert.Empty(t, harms, "pulumi.Aliases for another name; if it is meant, say in intended() why it harms nobody")
	})
}

// record lists what a plan declares, one resource a line.
func record(t *testing.T, made *plan.Plan) []byte {
	t.Helper()
	var lines []string
	for _, r := range made.InCloud() {
		if r.Type == job {
			continue // each version has a migration of its own
		}
		line, err := json.Marshal(released{r.URN, fixed(r)})
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	return []byte("[\n" + strings.Join(lines, ",\n") + "\n]\n")
}

// fixed are the inputs of a resource that cannot change in place, by their path.
func fixed(r declared.Resource) map[string]any {
	inputs, found := provider.Properties(r.Shown()), map[string]any{}
	for _, path := range fixedPaths(r) {
		if value, given := inputs.At(path); given {
			found[path] = value
		}
	}
	return found
}

// fixedPaths are the paths of what cannot change in place, but for what lies in a list.
func fixedPaths(r declared.Resource) (paths []string) {
	kind := memory.Kinds()[r.Type]
	for path, field := range kind.Fields {
		if field.Fixed {
			paths = append(paths, path)
		}
	}
	for _, path := range append(slices.Clone(kind.Immutable), r.ReplaceOnChanges...) {
		if path == "*" {
			paths = append(paths, slices.Collect(maps.Keys(r.Inputs()))...)
		} else {
			paths = append(paths, path)
		}
	}
	return slices.DeleteFunc(paths, func(path string) bool { return strings.Contains(path, "[]") })
}

// harmed says, by name, what an update with today's program replaces, deletes or is refused.
func harmed(before []released, after []declared.Resource) map[string]string {
	harms := map[string]string{}
	for _, was := range before {
		i := slices.IndexFunc(after, func(r declared.Resource) bool {
			return r.URN == was.URN || slices.ContainsFunc(r.Aliases, func(alias string) bool {
				return alias == was.URN || strings.HasSuffix(was.URN, "$"+alias) || strings.HasSuffix(was.URN, "::"+alias)
			})
		})
		if i < 0 {
			harms[was.URN] = "is declared no more, so that it is deleted"
			continue
		}
		is := fixed(after[i])
		for path, value := range was.Fixed {
			if ignored(after[i], path) {
				continue
			}
			computed := memory.Kinds()[after[i].Type].Fields[path].Computed
			if now, given := is[path]; given && encode(now) != encode(value) || !given && !computed {
				harms[was.URN] = fmt.Sprintf("is replaced, because %s was %s and is %s", path, encode(value), encode(now))
			}
		}
	}
	return harms
}

// ignored tells whether a change of the property, or of what holds it, is not even looked at.
func ignored(r declared.Resource, path string) bool {
	return slices.ContainsFunc(r.IgnoreChanges, func(whole string) bool { return path == whole || strings.HasPrefix(path, whole+".") })
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestAnotherNameWithoutAliasIsAHarm(t *testing.T) {
	t.Parallel()
	const urn = "urn:pulumi:prod::license-platform::licensing:data:Keys$gcp:kms/keyRing:KeyRing::"
	ring := func(name, cloud string, aliases ...string) declared.Resource {
		made := declared.Resource{Type: "gcp:kms/keyRing:KeyRing", Name: name, URN: urn + name, Aliases: aliases}
		made, _ = made.With("name", cloud)
		return made
	}
	ignoring := ring("keys", "other")
	ignoring.IgnoreChanges = []string{"name"}
	before := []released{{urn + "keys", map[string]any{"name": "ring"}}}
	for name, c := range map[string]struct {
		after declared.Resource
		harm  string
	}{
		"the same":                    {ring("keys", "ring"), ""},
		"another name":                {ring("keyring", "ring"), "is declared no more"},
		"another name, with an alias": {ring("keyring", "ring", "gcp:kms/keyRing:KeyRing::keys"), ""},
		"another ring, not looked at": {ignoring, ""},
		"another ring":                {ring("keys", "other"), `is replaced, because name was "ring" and is "other"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			harms := harmed(before, []declared.Resource{c.after})
			if c.harm == "" {
				assert.Empty(t, harms)
				return
			}
			assert.Contains(t, harms[urn+"keys"], c.harm)
		})
	}
}

package constraint_test

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
)

const documented = "../../../docs/constraints.md"

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write docs/constraints.md anew")
	flag.Parse()
	os.Exit(m.Run())
}

// TestTheDocumentIsTheTable compares docs/constraints.md with the table. After a
// change of the table:
//
//	go test ./emulator/provider/constraint -update
func TestTheDocumentIsTheTable(t *testing.T) {
	t.Parallel()
	text := document()
	if flag.Lookup("update").Value.(flag.Getter).Get().(bool) {
		require.NoError(t, os.WriteFile(documented, []byte(text), 0o644)) //nolint:gosec // read by everybody
		return
	}
	written, err := os.ReadFile(documented)
	require.NoError(t, err)
	assert.Equal(t, string(written), text, "the table changed: go test ./emulator/provider/constraint -update")
}

const introduction = `# What the APIs refuse

The embedded cloud refuses what Google's APIs, the Kubernetes API server, GKE's controllers and the providers refuse, with their kind of
message. Each row is a test that sends the wrong input and expects the message, then sends the correct input and expects that it is accepted. These
tests generate this document: ` + "`go test ./emulator/provider/constraint -update`" + `.

Unless a row says otherwise, the preview already refuses the input, before anything is changed.
`

func document() string {
	var text strings.Builder
	text.WriteString(introduction)
	sections := table()
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		fmt.Fprintf(&text, "\n## %s\n\n| Refused | Message | Source |\n|---|---|---|\n", section)
		for _, r := range sections[section] {
			what := strings.ToUpper(r.what[:1]) + r.what[1:]
			if r.when != "" {
				what += " (" + string(r.when) + ")"
			}
			fmt.Fprintf(&text, "| %s | %s | %s |\n", what, quoted(r.says), link(r.source))
		}
	}
	text.WriteString("\n## What the APIs decide\n\n| What | Property | Value | Source |\n|---|---|---|---|\n")
	for _, a := range answers() {
		fmt.Fprintf(&text, "| %s%s | `%s` | `%v` | %s |\n", strings.ToUpper(a.what[:1]), a.what[1:], a.path, a.value, link(a.source))
	}
	text.WriteString(changesIntroduction)
	text.WriteString("\n| Resource | Replaces it | Source |\n|---|---|---|\n")
	for _, s := range slices.Concat(settledGoogle(), settledKubernetes()) {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", strings.ReplaceAll(s.typ, "kubernetes:", ""), strings.Join(quotedAll(s.replaces), ", "), link(s.source))
	}
	text.WriteString("\n| Only in one direction | Replaces it |\n|---|---|\n")
	for _, o := range oneWay() {
		fmt.Fprintf(&text, "| %s: `%s` | %s |\n", o.typ, o.path, o.what)
	}
	return text.String()
}

const changesIntroduction = `
## What a change replaces

A change of these properties replaces the resource; every other property that a stack declares changes in place. The rules of the provider's schema
for Google's types (required, fixed, computed, defaults, values, conflicts) are data in ` + "`emulator/provider/gcp/fields`" + `, read from its source
by ` + "`make fields`" + `, and each rule in it is tested (` + "`go test ./emulator/provider/constraint -run Schema`" + `). An optional and computed property keeps its
value when it is left out. A test compares which properties are required, computed or secret with the source of the provider's SDK
(` + "`go test ./emulator/provider/gcp -run EachKind`" + `).
`

func quoted(text string) string {
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

func quotedAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quoted(text)
	}
	return all
}

// link names a page by its site and last part.
func link(address string) string {
	parts := strings.Split(strings.TrimSuffix(address, "/"), "/")
	return fmt.Sprintf("[%s: %s](%s)", parts[2], parts[len(parts)-1], address)
}

// inventory reads what all stacks declare: the properties by type.
func inventory(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../../stack/testdata/inventory/*.txt")
	require.NoError(t, err)
	require.Len(t, files, 3)
	declared := map[string][]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for block := range strings.SplitSeq(string(content), "\n\n") {
			lines := strings.Split(strings.TrimSpace(block), "\n")
			typ, _, _ := strings.Cut(lines[0], " ")
			if strings.HasPrefix(typ, "pulumi:") {
				continue
			}
			for _, line := range lines[1:] {
				property, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				require.True(t, json.Valid([]byte(value)), line)
				if !slices.Contains(declared[typ], property) {
					declared[typ] = append(declared[typ], property)
				}
			}
		}
	}
	return declared
}

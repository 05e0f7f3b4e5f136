package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// changes collects what a preview would do, and prints it.
type changes struct {
	out   *printer
	steps []engine.Step
	same  int
}

func (c *changes) watch(s engine.Step) {
	if s.Phase != engine.Started || !s.Custom || strings.HasPrefix(s.Type, "pulumi:") {
		return
	}
	switch {
	case s.Op == "same":
		c.same++
	case s.Op == "create-replacement" || s.Op == "delete-replaced": // told by "replace"
	case s.Changes():
		c.steps = append(c.steps, s)
	}
}

// print writes the differences to standard output.
func (c *changes) print() {
	marks := map[string]string{"create": "+", "update": "~", "delete": "-", "replace": "±", "import": "="}
	counts := map[string]int{}
	for _, s := range c.steps {
		counts[s.Op]++
		c.out.line("%s %s %s", marks[s.Op], s.Type, c.out.bold(s.Name))
		for _, path := range slices.Sorted(maps.Keys(s.Diff)) {
			note := ""
			if strings.HasSuffix(s.Diff[path], "-replace") {
				note = "  (replaces the resource)"
			}
			before, after := apart(shown(s.Before, path), shown(s.After, path))
			c.out.line("    %s: %s → %s%s", path, before, after, note)
		}
	}
	if len(c.steps) == 0 {
		c.out.line("0 changes: %d resources are as declared", c.same)
		return
	}
	var parts []string
	for _, op := range []string{"create", "update", "replace", "delete", "import"} {
		if counts[op] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", counts[op], op))
		}
	}
	c.out.line("%s, %d unchanged", strings.Join(parts, ", "), c.same)
}

var pathParts = regexp.MustCompile(`\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)`)

// shown is the value at a path of the inputs, as JSON. The engine has hidden
// secrets already.
func shown(inputs map[string]any, path string) string {
	var value any = inputs
	for _, part := range pathParts.FindAllStringSubmatch(path, -1) {
		switch container := value.(type) {
		case map[string]any:
			value = container[part[1]+part[3]]
		case []any:
			i, err := strconv.Atoi(part[2])
			if err != nil || i >= len(container) {
				return "nothing"
			}
			value = container[i]
		default:
			return "nothing"
		}
	}
	if value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return knownLater().Replace(string(text))
}

// knownLater replaces the engine's marks for values that are known only after the update.
func knownLater() *strings.Replacer {
	const words = "(known after the update)"
	var pairs []string
	for _, mark := range []string{
		plugin.UnknownStringValue, plugin.UnknownNumberValue, plugin.UnknownBoolValue, plugin.UnknownArrayValue, plugin.UnknownObjectValue,
	} {
		pairs = append(pairs, strconv.Quote(mark), words, mark, words)
	}
	return strings.NewReplacer(pairs...)
}

// How much is shown of a long value, and how much of it before the first difference,
// in characters.
const (
	longest = 200
	lead    = 40
)

// apart cuts long values to where they begin to differ: a dashboard is one value.
func apart(before, after string) (was, is string) {
	a, b := []rune(before), []rune(after)
	if len(a) <= longest && len(b) <= longest {
		return before, after
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	from := max(0, same-lead)
	return excerpt(a, from), excerpt(b, from)
}

func excerpt(text []rune, from int) string {
	from = min(from, len(text))
	to := min(len(text), from+longest)
	part := string(text[from:to])
	if from > 0 {
		part = "…" + part
	}
	if to < len(text) {
		part += "…"
	}
	return part
}

// watchRefresh receives the steps of a refresh; a finished step shows the difference.
func (c *changes) watchRefresh(s engine.Step) {
	if s.Phase != engine.Done || !s.Custom || strings.HasPrefix(s.Type, "pulumi:") {
		return
	}
	switch {
	case s.Op == "delete" || s.Op == "update":
		c.steps = append(c.steps, s)
	default:
		c.same++
	}
}

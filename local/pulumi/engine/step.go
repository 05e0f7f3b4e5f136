package engine

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Phase of a step.
type Phase string

// The phases that a step goes through.
const (
	Started Phase = "started"
	Done    Phase = "done"
	Failed  Phase = "failed"
)

// Step is one thing that the engine does, or would do, to one resource.
type Step struct {
	Phase Phase
	// Op is the engine's word: create, update, delete, replace, same, read, refresh…
	Op string
	// URN, Type and Name say which resource.
	URN, Type, Name string
	// Custom is false for components, which only group resources.
	Custom bool
	// Diff lists the paths that differ, with "add", "delete" or "update" and
	// "-replace" behind it.
	Diff map[string]string
	// Before and After are the resource's inputs.
	Before, After map[string]any
}

// Changes says whether the step alters anything.
func (s Step) Changes() bool {
	switch s.Op {
	case "create", "update", "delete", "replace", "create-replacement", "delete-replaced", "import":
		return true
	default:
		return false
	}
}

// stepOf turns an engine event into a step, if it is about one.
func stepOf(event apitype.EngineEvent) (Step, bool) {
	switch {
	case event.ResourcePreEvent != nil:
		return step(Started, event.ResourcePreEvent.Metadata), true
	case event.ResOutputsEvent != nil:
		return step(Done, event.ResOutputsEvent.Metadata), true
	case event.ResOpFailedEvent != nil:
		return step(Failed, event.ResOpFailedEvent.Metadata), true
	default:
		return Step{}, false
	}
}

func step(phase Phase, m apitype.StepEventMetadata) Step {
	made := Step{Phase: phase, Op: string(m.Op), URN: m.URN, Type: m.Type, Name: m.URN[strings.LastIndex(m.URN, "::")+2:], Diff: map[string]string{}}
	for path, diff := range m.DetailedDiff {
		made.Diff[path] = string(diff.Kind)
	}
	if m.Old != nil {
		made.Before, made.Custom = m.Old.Inputs, m.Old.Custom
	}
	if m.New != nil {
		made.After, made.Custom = m.New.Inputs, m.New.Custom
	}
	return made
}

// complaintOf returns what the engine, the program or a provider complained of
// with this severity: error or warning.
func complaintOf(event apitype.EngineEvent, severity string) string {
	d := event.DiagnosticEvent
	if d == nil || d.Severity != severity || d.Ephemeral {
		return ""
	}
	text := unwrapped(withoutColour(d.Message))
	if text == "" || text == "update failed" || text == "preview failed" || strings.HasPrefix(text, "Resource monitor has terminated") {
		return ""
	}
	if d.URN == "" || strings.Contains(d.URN, "::pulumi:pulumi:Stack::") {
		return text
	}
	parts := strings.Split(d.URN, "::")
	typ := parts[2][strings.LastIndex(parts[2], "$")+1:]
	return typ + " " + parts[len(parts)-1] + ": " + text
}

// refused is how the engine introduces a provider's refusal of an input.
var refused = regexp.MustCompile(`^\S+ resource '[^']*'(?:: property (\S+) value \{.*?\})? has a problem: `)

// unwrapped takes off what the engine puts around a program's only error.
func unwrapped(text string) string {
	for _, wrapping := range []string{"an unhandled error occurred: ", "program failed: ", "1 error occurred:\n\t* "} {
		text = strings.TrimPrefix(text, wrapping)
	}
	return strings.TrimSpace(refused.ReplaceAllString(text, "$1: "))
}

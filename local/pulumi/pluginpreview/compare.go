package pluginpreview

import (
	"slices"
	"strings"
)

// Difference is what two plans of a stack do not have in common, by URN, sorted.
type Difference struct{ Missing, Unexpected []string }

// Compare compares what the engine plans with what the program is known to
// declare. The stack itself and the engine's default providers are left out.
func Compare(planned, known []string) (d Difference) {
	planned, known = withoutImplicit(planned), withoutImplicit(known)
	return Difference{Missing: without(known, planned), Unexpected: without(planned, known)}
}

func withoutImplicit(urns []string) (rest []string) {
	for _, urn := range urns {
		name := urn[strings.LastIndex(urn, "::")+2:]
		// The engine's own provider, which reads outputs of stacks, has no version in its name.
		implicit := name == "default" || strings.HasPrefix(name, "default_")
		if strings.Contains(urn, "::pulumi:pulumi:Stack::") || implicit && strings.Contains(urn, "::pulumi:providers:") {
			continue
		}
		rest = append(rest, urn)
	}
	return rest
}

func without(urns, others []string) (rest []string) {
	for _, urn := range urns {
		if !slices.Contains(others, urn) {
			rest = append(rest, urn)
		}
	}
	slices.Sort(rest)
	return rest
}

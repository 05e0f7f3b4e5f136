package checklist

import (
	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Options of a resource that are asked for like properties.
const (
	protect    = "@protect"
	isDeclared = "@declared"
)

// Requirement is one property that has to be as it is wanted, of one resource
// or of all of a kind.
type Requirement struct {
	// Type is the resource's Pulumi token.
	Type string
	// Name is the program's name for it; empty means every resource of the type
	// that Only selects, of which there must be one.
	Name string
	// Only selects resources by more than their type.
	Only func(declared.Resource) bool
	// Path is the property's, or @protect or @declared.
	Path string
	// At finds the path in a resource where it is not always the same, such as
	// a flag in a list. It may return "" when there is none.
	At func(declared.Resource) string
	// Want is what the property has to be.
	Want Want
	// When makes the requirement apply only to a stack that declares a resource
	// of this type.
	When string
	// Spare says why the requirement does not apply to a stack, "" when it does. It
	// may be left out.
	Spare func(within *plan.Plan) string
	// Lockdown evaluates the plan of the locked down stack.
	Lockdown bool
	// Break is a value that the property must not have, or nil when it must be
	// there. The tests put it in and expect the item to fail.
	Break any
}

// Subject is a property in its place.
type Subject struct {
	Plan     *plan.Plan
	Resource declared.Resource
	Value    any
}

// Want is a condition and its description.
type Want struct {
	Text  string
	Holds func(Subject) bool
}

func (r Requirement) plan(plans Plans) *plan.Plan {
	if r.Lockdown {
		return plans.Lockdown
	}
	return plans.Now
}

// evaluate returns the findings, and whether the requirement applies at all.
func (r Requirement) evaluate(plans Plans) ([]Evidence, bool) {
	within := r.plan(plans)
	if r.When != "" && len(within.Of(r.When)) == 0 {
		return nil, false
	}
	if r.spared(within) != "" {
		return nil, false
	}
	var evidence []Evidence
	for _, resource := range r.resources(within) {
		path := r.path(resource)
		value := valueAt(resource, path)
		evidence = append(evidence, Evidence{
			Resource: resource.Type + " " + resource.Name, Path: path, Found: shown(resource, path, value),
			Wanted: r.Want.Text, Met: r.Want.Holds(Subject{Plan: within, Resource: resource, Value: value}),
		})
	}
	if len(evidence) == 0 {
		name := r.Name
		if name == "" {
			name = "(any)"
		}
		evidence = append(evidence, Evidence{Resource: r.Type + " " + name, Path: isDeclared, Found: false, Wanted: "declared"})
	}
	return evidence, true
}

func (r Requirement) spared(within *plan.Plan) string {
	if r.Spare == nil {
		return ""
	}
	return r.Spare(within)
}

func (r Requirement) resources(within *plan.Plan) (found []declared.Resource) {
	all := within.Of(r.Type)
	if r.Type == kubernetes.TypeIngress {
		all = append(all, within.Of(kubernetes.TypeIngressPatch)...) // of an adopted one some fields are declared
	}
	for _, resource := range all {
		if (r.Name == "" || r.Name == resource.Name) && (r.Only == nil || r.Only(resource)) {
			found = append(found, resource)
		}
	}
	return found
}

// path is where the property is in this resource.
func (r Requirement) path(resource declared.Resource) string {
	if r.At != nil {
		return r.At(resource)
	}
	return r.Path
}

func valueAt(resource declared.Resource, path string) any {
	switch path {
	case "":
		return nil
	case isDeclared:
		return true
	case protect:
		return resource.Protect
	}
	return resource.Get(path)
}

// shown keeps a secret out of the results.
func shown(resource declared.Resource, path string, value any) any {
	if path != "" && path[0] != '@' && resource.Secret(path) {
		return "[secret]"
	}
	return value
}

// Package iam decides what the declared grants of a project allow, as Google Cloud's
// IAM does: by role, by member, and by the condition of a grant.
package iam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// Grant is a role that a member has on a resource, and on what is part of it.
type Grant struct {
	// On is the resource whose policy has the grant: projects/P,
	// projects/P/locations/L/keyRings/R/cryptoKeys/K or projects/P/secrets/S.
	On string
	// Role is such as roles/cloudsql.client, Member such as serviceAccount:EMAIL.
	Role, Member string
	// Condition restricts the grant, in the Common Expression Language; empty for
	// none.
	Condition string
}

// Resource is what a permission is needed on.
type Resource struct {
	// Type is such as sqladmin.googleapis.com/Instance, Service such as
	// sqladmin.googleapis.com.
	Type, Service string
	// Name is the full name, such as projects/P/instances/I, with the project's id.
	Name string
	// Conditional is the name that conditions know it by, where that is another one.
	Conditional string
}

// partOf tells whether the resource is the one with this name, or a part of it.
func (r Resource) partOf(name string) bool { return strings.HasPrefix(r.Name+"/", name+"/") }

// Need is a permission that a call needs.
type Need struct {
	// Permission is such as cloudkms.cryptoKeyVersions.useToSign.
	Permission string
	On         Resource
}

// Allows tells whether a grant gives the member the permission on the resource. A grant
// whose condition cannot be evaluated gives nothing.
func Allows(grants []Grant, member, permission string, on Resource) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool {
		return g.Member == member && on.partOf(g.On) && slices.Contains(holders(permission), g.Role) && holds(g.Condition, on) == nil
	})
}

// costLimit bounds the evaluation of a condition.
const costLimit = 10_000

// holds evaluates a condition on the resource; nil means that it is true
// (https://cloud.google.com/iam/docs/conditions-attribute-reference#resource).
func holds(condition string, on Resource) error {
	if condition == "" {
		return nil
	}
	environment, err := cel.NewEnv(cel.Variable("resource", cel.MapType(cel.StringType, cel.StringType)))
	if err != nil {
		return fmt.Errorf("prepare the language of conditions: %w", err)
	}
	compiled, issues := environment.Compile(condition)
	if err := issues.Err(); err != nil {
		return fmt.Errorf("read the condition %q: %w", condition, err)
	}
	program, err := environment.Program(compiled, cel.CostLimit(costLimit))
	if err != nil {
		return fmt.Errorf("prepare the condition %q: %w", condition, err)
	}
	result, _, err := program.Eval(map[string]any{"resource": map[string]string{"type": on.Type, "service": on.Service, "name": cmp.Or(on.Conditional, on.Name)}})
	if err != nil {
		return fmt.Errorf("evaluate the condition %q: %w", condition, err)
	}
	if result.Value() != true {
		return fmt.Errorf("the condition %q does not hold for %s", condition, on.Name)
	}
	return nil
}

// Package iam decides what the declared grants of a project allow, as Google Cloud's
// IAM does: by role, by member, and by the condition of a grant.
package iam

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
)

// Permissions of Cloud SQL that the embedded cloud asks for
// (https://cloud.google.com/sql/docs/postgres/iam-permissions).
const (
	SQLGet     = "cloudsql.instances.get"
	SQLConnect = "cloudsql.instances.connect"
	SQLLogin   = "cloudsql.instances.login"
)

// Grant is a role that a member has on a project.
type Grant struct {
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
	// Name is the full name, such as projects/P/instances/I.
	Name string
}

// holders are the predefined roles that hold a permission
// (https://cloud.google.com/sql/docs/postgres/iam-roles).
func holders(permission string) []string {
	return map[string][]string{
		SQLGet:     {"roles/cloudsql.client", "roles/cloudsql.instanceUser", "roles/cloudsql.viewer", "roles/cloudsql.editor", "roles/cloudsql.admin", "roles/viewer", "roles/editor", "roles/owner"},
		SQLConnect: {"roles/cloudsql.client", "roles/cloudsql.editor", "roles/cloudsql.admin", "roles/editor", "roles/owner"},
		SQLLogin:   {"roles/cloudsql.instanceUser", "roles/cloudsql.admin", "roles/owner"},
	}[permission]
}

// Allows tells whether a grant gives the member the permission on the resource. A grant
// whose condition cannot be evaluated gives nothing.
func Allows(grants []Grant, member, permission string, on Resource) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool {
		return g.Member == member && slices.Contains(holders(permission), g.Role) && holds(g.Condition, on) == nil
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
	result, _, err := program.Eval(map[string]any{"resource": map[string]string{"type": on.Type, "service": on.Service, "name": on.Name}})
	if err != nil {
		return fmt.Errorf("evaluate the condition %q: %w", condition, err)
	}
	if result.Value() != true {
		return fmt.Errorf("the condition %q does not hold for %s", condition, on.Name)
	}
	return nil
}

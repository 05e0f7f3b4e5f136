// Package stacktest answers a test's questions about what the program of a stack
// declares; package plan runs it.
package stacktest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// What package plan holds, under the names of before.
const (
	Digest            = plan.Digest
	MigrationPassword = plan.MigrationPassword
	DatabasePassword  = plan.DatabasePassword
	RedisAuth         = plan.RedisAuth
)

// Change changes a run before it starts.
type Change = plan.Change

// Resource is one declared resource.
type Resource = plan.Resource

// Plan is what a program declared.
type Plan struct{ *plan.Plan }

// One returns the resource of a type with a name.
func (p *Plan) One(t testing.TB, typ, name string) Resource {
	t.Helper()
	found, ok := p.Find(typ, name)
	require.True(t, ok, "stack %s declares no %s %q", p.Stack, typ, name)
	return found
}

// Outputs are the stack's.
func (p *Plan) Outputs(t testing.TB) Resource { return p.One(t, plan.OutputsType, "outputs") }

// Stacks are all that have settings in the module's root.
func Stacks(t testing.TB) []string {
	t.Helper()
	return stackfile.Names(Root(t))
}

// Set sets a setting, for example Set("network.nat", true). A key below a list
// cannot be set.
func Set(path string, value any) Change { return plan.Set(path, value) }

// Unset removes a setting or a secret.
func Unset(path string) Change { return plan.Unset(path) }

// Plain puts a value into the stack's file where a secret belongs.
func Plain(key, value string) Change { return plan.Plain(key, value) }

// Found makes a look-up find something else.
func Found(function string, values map[string]any) Change { return plan.Found(function, values) }

// OnCalico moves prod to a cluster that enforces NetworkPolicies with Calico.
func OnCalico() Change {
	return func(r *plan.Run) {
		plan.Set("kubernetes.networkPolicies.dataplane", "calico")(r)
		plan.Found("gcp:container/getCluster:getCluster", map[string]any{
			"datapathProvider": "", "networkPolicies": []any{map[string]any{"enabled": true, "provider": "CALICO"}},
			"servicesIpv4Cidr": "10.30.0.0/20",
		})(r)
	}
}

// Key sets a key of the stack's file as a whole, its namespace included.
func Key(key, text string) Change { return plan.Key(key, text) }

// Preview makes the run a preview.
func Preview() Change { return plan.Preview() }

// Deploy runs the program for a stack and fails the test unless it succeeds.
func Deploy(t testing.TB, name string, changes ...Change) *Plan {
	t.Helper()
	made, err := Try(t, name, changes...)
	require.NoError(t, err)
	return made
}

// Try runs the program for a stack; the plan holds what was declared before an
// error.
func Try(t testing.TB, name string, changes ...Change) (*Plan, error) {
	t.Helper()
	made, err := plan.Make(Root(t), name, changes...)
	return &Plan{made}, err
}

// Root is the module's root.
func Root(t testing.TB) string {
	t.Helper()
	root, err := plan.Root(".")
	require.NoError(t, err)
	return root
}

// Package pulumitest runs the components of one layer against a cloud that makes
// nothing and remembers what was declared, so that a layer can be tested without
// the others.
package pulumitest

import (
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// Declared is one resource of a recorded program.
type Declared struct {
	// Kind is the type token, Name the program's name for it.
	Kind, Name string
	// Inputs are the declared properties.
	Inputs resource.PropertyMap
	// RPC is the whole request to the engine: parent, protection, dependencies.
	RPC *pulumirpc.RegisterResourceRequest
}

// Recorder is a Pulumi engine that makes nothing: it remembers what was
// declared, in order, and answers with the inputs and what Computed adds.
type Recorder struct {
	// Computed is what the cloud adds to a resource's inputs.
	Computed func(kind, name string) resource.PropertyMap
	// Answers are the results of invokes, by token.
	Answers map[string]resource.PropertyMap
	// Preview leaves out ids, as before a first up.
	Preview bool

	// All is what was declared, in order; Calls are the invokes.
	All   []Declared
	Calls []pulumi.MockCallArgs

	mu sync.Mutex
}

// Run runs a program and remembers what it declares.
func (r *Recorder) Run(program func(ctx *pulumi.Context) error) error {
	return pulumi.RunErr(program, pulumi.WithMocks("license-platform", "test", r), func(info *pulumi.RunInfo) {
		info.DryRun = r.Preview
	})
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.All = append(r.All, Declared{args.TypeToken, args.Name, args.Inputs, args.RegisterRPC})
	outputs := args.Inputs.Copy()
	if r.Computed != nil {
		for key, value := range r.Computed(args.TypeToken, args.Name) {
			outputs[key] = value
		}
	}
	if r.Preview {
		return "", outputs, nil
	}
	return "id-of-" + args.Name, outputs, nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Calls = append(r.Calls, args)
	return r.Answers[args.Token], nil
}

// One returns the only resource of a kind with a name.
func (r *Recorder) One(t *testing.T, kind, name string) Declared {
	t.Helper()
	found := r.Of(kind)
	i := slices.IndexFunc(found, func(d Declared) bool { return d.Name == name })
	require.GreaterOrEqualf(t, i, 0, "no %s named %q among %v", kind, name, names(found))
	return found[i]
}

// Of returns every resource of a kind.
func (r *Recorder) Of(kind string) []Declared {
	var found []Declared
	for _, d := range r.All {
		if d.Kind == kind {
			found = append(found, d)
		}
	}
	return found
}

// Every is Of, for a loop that must not pass because there is nothing to check.
func (r *Recorder) Every(t *testing.T, kind string) []Declared {
	t.Helper()
	found := r.Of(kind)
	require.NotEmptyf(t, found, "nothing of kind %s was Declared", kind)
	return found
}

// WaitsFor says whether a is made only after b, directly or through others.
func (r *Recorder) WaitsFor(a, b Declared) bool {
	return slices.ContainsFunc(a.RPC.GetDependencies(), func(dependency string) bool {
		urn := resource.URN(dependency)
		i := slices.IndexFunc(r.All, func(d Declared) bool { return d.Kind == string(urn.Type()) && d.Name == urn.Name() })
		return i >= 0 && (r.All[i].Kind == b.Kind && r.All[i].Name == b.Name || r.WaitsFor(r.All[i], b))
	})
}

// Value returns the input at a path such as "settings.tier", out of its secret.
func (d Declared) Value(t *testing.T, path string) any {
	t.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	require.NoError(t, err)
	found, ok := parsed.Get(resource.NewProperty(d.Inputs))
	require.Truef(t, ok, "%s %q has no input %s", d.Kind, d.Name, path)
	for found.IsSecret() {
		found = found.SecretValue().Element
	}
	return found.Mappable()
}

func names(all []Declared) []string {
	listed := make([]string, len(all))
	for i, d := range all {
		listed[i] = d.Kind + " " + d.Name
	}
	return listed
}

package observe_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// declared is one resource of a recorded program.
type declared struct {
	kind, name string
	inputs     resource.PropertyMap
	rpc        *pulumirpc.RegisterResourceRequest
}

// recorder is a Pulumi engine that makes nothing: it remembers what was
// declared, in order, and answers with the inputs and what computed adds.
type recorder struct {
	// computed is what the cloud adds to a resource's inputs.
	computed func(kind, name string) resource.PropertyMap
	// answers are the results of invokes, by token.
	answers map[string]resource.PropertyMap
	// preview leaves out ids, as before a first up.
	preview bool

	mu    sync.Mutex
	all   []declared
	calls []pulumi.MockCallArgs
}

// run runs a program and remembers what it declares.
func (r *recorder) run(program func(ctx *pulumi.Context) error) error {
	return pulumi.RunErr(program, pulumi.WithMocks("license-platform", "test", r), func(info *pulumi.RunInfo) {
		info.DryRun = r.preview
	})
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, declared{args.TypeToken, args.Name, args.Inputs, args.RegisterRPC})
	outputs := args.Inputs.Copy()
	if r.computed != nil {
		for key, value := range r.computed(args.TypeToken, args.Name) {
			outputs[key] = value
		}
	}
	if r.preview {
		return "", outputs, nil
	}
	return "id-of-" + args.Name, outputs, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, args)
	return r.answers[args.Token], nil
}

// one returns the only resource of a kind with a name.
func (r *recorder) one(t *testing.T, kind, name string) declared {
	t.Helper()
	found := r.of(kind)
	i := slices.IndexFunc(found, func(d declared) bool { return d.name == name })
	require.GreaterOrEqualf(t, i, 0, "no %s named %q among %v", kind, name, names(found))
	return found[i]
}

// of returns every resource of a kind.
func (r *recorder) of(kind string) []declared {
	var found []declared
	for _, d := range r.all {
		if d.kind == kind {
			found = append(found, d)
		}
	}
	return found
}

// every is of, for a loop that must not pass because there is nothing to check.
func (r *recorder) every(t *testing.T, kind string) []declared {
	t.Helper()
	found := r.of(kind)
	require.NotEmptyf(t, found, "nothing of kind %s was declared", kind)
	return found
}

// waitsFor says whether a is made only after b, directly or through others.
func (r *recorder) waitsFor(a, b declared) bool {
	return slices.ContainsFunc(a.rpc.GetDependencies(), func(dependency string) bool {
		urn := resource.URN(dependency)
		i := slices.IndexFunc(r.all, func(d declared) bool { return d.kind == string(urn.Type()) && d.name == urn.Name() })
		return i >= 0 && (r.all[i].kind == b.kind && r.all[i].name == b.name || r.waitsFor(r.all[i], b))
	})
}

// value returns the input at a path such as "settings.tier", out of its secret.
func (d declared) value(t *testing.T, path string) any {
	t.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	require.NoError(t, err)
	found, ok := parsed.Get(resource.NewProperty(d.inputs))
	require.Truef(t, ok, "%s %q has no input %s", d.kind, d.name, path)
	for found.IsSecret() {
		found = found.SecretValue().Element
	}
	return found.Mappable()
}

func names(all []declared) []string {
	listed := make([]string, len(all))
	for i, d := range all {
		listed[i] = d.kind + " " + d.name
	}
	return listed
}

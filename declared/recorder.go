// Package declared runs a Pulumi program in memory and remembers the resources that it
// declares. The caller chooses what replaces the cloud: the tests of one layer take Echo,
// the plans of whole stacks the emulator.
package declared

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Project is the Pulumi project's name.
const Project = "license-platform"

// Cloud answers a program.
type Cloud interface {
	// Make makes a declared resource and returns its id and outputs.
	Make(r Resource) (id string, outputs resource.PropertyMap, err error)
	// Read finds a resource that exists by its id.
	Read(args pulumi.MockResourceArgs) (id string, outputs resource.PropertyMap, err error)
	// Call answers a look-up.
	Call(args pulumi.MockCallArgs) (resource.PropertyMap, error)
}

// Recorder is a Pulumi engine without state: it remembers what is declared.
type Recorder struct {
	Resources
	// Stack is the stack's name; empty means "test".
	Stack string
	// Cloud answers the program; nil is an Echo that adds nothing.
	Cloud Cloud
	// Edit changes a resource before it is remembered and made; it may be nil.
	Edit func(Resource) Resource
	// Calls are the look-ups by arguments, in order.
	Calls []pulumi.MockCallArgs

	mu sync.Mutex
}

var _ pulumi.MockResourceMonitor = (*Recorder)(nil)

// Preview makes a run a preview.
func Preview(info *pulumi.RunInfo) { info.DryRun = true }

// Run runs a program. Resources that were declared before an error are recorded, too.
func (r *Recorder) Run(program pulumi.RunFunc, options ...pulumi.RunOption) error {
	if r.Stack == "" {
		r.Stack = "test"
	}
	if r.Cloud == nil {
		r.Cloud = Echo{}
	}
	return pulumi.RunErr(program, append(options, pulumi.WithMocks(Project, r.Stack, r))...)
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.ReadRPC != nil {
		return r.Cloud.Read(args)
	}
	rpc := args.RegisterRPC
	made := Resource{
		Type: args.TypeToken, Name: args.Name, URN: r.urn(rpc.GetParent(), args.TypeToken, args.Name), Parent: rpc.GetParent(),
		Custom: args.Custom, Protect: rpc.GetProtect(), RetainOnDelete: rpc.GetRetainOnDelete(),
		IgnoreChanges: rpc.GetIgnoreChanges(), ReplaceOnChanges: rpc.GetReplaceOnChanges(), DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
		DeletedWith: rpc.GetDeletedWith(), Aliases: aliases(rpc, args.Name),
		CreateWait: rpc.GetCustomTimeouts().GetCreate(), UpdateWait: rpc.GetCustomTimeouts().GetUpdate(), DeleteWait: rpc.GetCustomTimeouts().GetDelete(),
		Provider: args.Provider, DependsOn: rpc.GetDependencies(), Properties: args.Inputs,
	}
	if r.Edit != nil {
		made = r.Edit(made)
	}
	r.mu.Lock()
	r.Resources = append(r.Resources, made)
	at := len(r.Resources) - 1
	r.mu.Unlock()
	if !args.Custom {
		return idOf(made), made.Properties, nil
	}
	id, outputs, err := r.Cloud.Make(made)
	if err != nil {
		return "", nil, fmt.Errorf("%s %q: %w", made.Type, made.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Resources[at].ID = id
	return id, outputs, nil
}

// aliases are the other names that the program gives a resource.
func aliases(rpc *pulumirpc.RegisterResourceRequest, name string) []string {
	names := slices.Clone(rpc.GetAliasURNs())
	for _, alias := range rpc.GetAliases() {
		if urn := alias.GetUrn(); urn != "" {
			names = append(names, urn)
		} else if spec := alias.GetSpec(); spec != nil {
			names = append(names, cmp.Or(spec.GetType(), rpc.GetType())+"::"+cmp.Or(spec.GetName(), name))
		}
	}
	return names
}

// Call implements pulumi.MockResourceMonitor.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	r.Calls = append(r.Calls, args)
	r.mu.Unlock()
	return r.Cloud.Call(args)
}

// urn is the name that the engine gives a resource.
func (r *Recorder) urn(parent, typ, name string) string {
	parentType := tokens.Type("")
	if urn := resource.URN(parent); urn != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(r.Stack), Project, parentType, tokens.Type(typ), name))
}

const idPrefix = "id-of-"

func idOf(r Resource) string { return idPrefix + r.Name }

// Reference names a provider resource as the resources that it makes do.
func (r Resource) Reference() string { return r.URN + "::" + idOf(r) }

// provider is the URN of the provider resource that makes this one, if it is given.
func (r Resource) provider() (string, bool) {
	urn, _, given := strings.Cut(r.Provider, "::"+idPrefix)
	return urn, given
}

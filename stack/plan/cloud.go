package plan

import (
	"fmt"
	"maps"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cloud remembers what is declared and answers with what Google would compute.
type cloud struct {
	stack string
	// found are other answers to look-ups, by function and property.
	found map[string]map[string]any

	mu        sync.Mutex
	resources []Resource
}

var _ pulumi.MockResourceMonitor = (*cloud)(nil)

// NewResource implements pulumi.MockResourceMonitor.
func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.ReadRPC != nil {
		return c.read(args)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rpc := args.RegisterRPC
	declared := Resource{
		Type: args.TypeToken, Name: args.Name, URN: c.urn(rpc.GetParent(), args.TypeToken, args.Name), Parent: rpc.GetParent(),
		Custom: args.Custom, Protect: rpc.GetProtect(), RetainOnDelete: rpc.GetRetainOnDelete(),
		IgnoreChanges: rpc.GetIgnoreChanges(), ReplaceOnChanges: rpc.GetReplaceOnChanges(), DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
		CreateWait: rpc.GetCustomTimeouts().GetCreate(), UpdateWait: rpc.GetCustomTimeouts().GetUpdate(), DeleteWait: rpc.GetCustomTimeouts().GetDelete(),
		Provider: args.Provider, DependsOn: rpc.GetDependencies(), properties: args.Inputs,
	}
	c.resources = append(c.resources, declared)
	outputs := args.Inputs.Copy()
	for key, value := range computed(args.TypeToken, args.Name, args.Inputs) {
		outputs[key] = value
	}
	return identity(args), outputs, nil
}

// identity is a resource's id: of a network in the form that Cloud SQL requires of its
// name, else anything.
func identity(args pulumi.MockResourceArgs) string {
	if args.TypeToken == "gcp:compute/network:Network" {
		return "projects/p/global/networks/" + args.Name
	}
	return "id-of-" + args.Name
}

// read answers a look-up of one resource, which declares nothing.
func (c *cloud) read(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken != ingressType {
		return "", nil, fmt.Errorf("the program reads %s %s, which no test knows", args.TypeToken, args.ID)
	}
	found := theirIngress(c.stack == "local")
	maps.Copy(found, c.found[args.TypeToken])
	return args.ID, resource.NewPropertyMapFromMap(found), nil
}

// urn is the name that the mock engine gives a resource.
func (c *cloud) urn(parent, typ, name string) string {
	parentType := tokens.Type("")
	if urn := resource.URN(parent); urn != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(c.stack), project, parentType, tokens.Type(typ), name))
}

// Call implements pulumi.MockResourceMonitor: it answers look-ups as the
// project would that the IDE lives in, but for what the run changes.
func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	name := ""
	if given := args.Args["name"]; given.IsString() {
		name = given.StringValue()
	}
	answer, known := existing(args.Token, name)
	if !known {
		return nil, fmt.Errorf("the program looks up %s, which no test knows", args.Token)
	}
	other, changed := c.found[args.Token]
	if changed && other == nil {
		return nil, fmt.Errorf("%s was not found (404)", name)
	}
	for key, value := range other {
		answer[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
	}
	return answer, nil
}

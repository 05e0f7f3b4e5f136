package plan

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// cloud is the engine of a plan: it remembers what is declared, and asks the
// emulator's providers what they refuse and what they compute.
type cloud struct {
	stack     string
	providers map[string]*provider.Server // by the first part of a type's token
	// found are other answers to look-ups, by function and property.
	found map[string]map[string]any
	// changed are other values of what is declared.
	changed []declaration

	mu        sync.Mutex
	resources []Resource
}

var _ pulumi.MockResourceMonitor = (*cloud)(nil)

// NewResource implements pulumi.MockResourceMonitor.
func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.ReadRPC != nil {
		return c.read(args)
	}
	rpc := args.RegisterRPC
	declared := Resource{
		Type: args.TypeToken, Name: args.Name, URN: c.urn(rpc.GetParent(), args.TypeToken, args.Name), Parent: rpc.GetParent(),
		Custom: args.Custom, Protect: rpc.GetProtect(), RetainOnDelete: rpc.GetRetainOnDelete(),
		IgnoreChanges: rpc.GetIgnoreChanges(), ReplaceOnChanges: rpc.GetReplaceOnChanges(), DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
		CreateWait: rpc.GetCustomTimeouts().GetCreate(), UpdateWait: rpc.GetCustomTimeouts().GetUpdate(), DeleteWait: rpc.GetCustomTimeouts().GetDelete(),
		Provider: args.Provider, DependsOn: rpc.GetDependencies(), properties: args.Inputs,
	}
	for _, change := range c.changed {
		if change.typ == declared.Type {
			declared, _ = declared.With(change.path, change.value)
		}
	}
	c.mu.Lock()
	c.resources = append(c.resources, declared)
	at := len(c.resources) - 1
	c.mu.Unlock()
	if name, is := strings.CutPrefix(args.TypeToken, "pulumi:providers:"); is {
		return c.configure(name, declared.URN, args.Inputs)
	}
	server, emulated := c.server(args.TypeToken)
	if !emulated || !args.Custom {
		return idOf(args.Name), args.Inputs, nil
	}
	id, outputs, err := create(by(args.Provider), server, declared.URN, declared.properties)
	if err != nil {
		return "", nil, fmt.Errorf("%s %q: %w", args.TypeToken, args.Name, err)
	}
	c.mu.Lock()
	c.resources[at].ID = id
	c.mu.Unlock()
	return id, outputs, nil
}

// server is the provider that has a type or a function.
func (c *cloud) server(token string) (*provider.Server, bool) {
	name, _, _ := strings.Cut(token, ":")
	server, known := c.providers[name]
	return server, known
}

// idOf is the id of what no API gives one.
func idOf(name string) string { return "id-of-" + name }

// configure gives a provider resource's settings to the provider.
func (c *cloud) configure(name, urn string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	server, known := c.providers[name]
	id := idOf(resource.URN(urn).Name())
	if !known {
		return id, inputs, nil
	}
	sent, err := marshal(inputs)
	if err != nil {
		return "", nil, err
	}
	_, err = server.Configure(by(urn+"::"+id), &pulumirpc.ConfigureRequest{Args: sent})
	return id, inputs, err
}

// reference is a provider resource, as the resources that it makes name it. The
// providers tell provider resources apart by where a call comes from.
type reference string

var _ net.Addr = reference("")

// Network implements net.Addr.
func (reference) Network() string { return "plan" }

// String implements net.Addr.
func (r reference) String() string { return string(r) }

// by is the context of a call that comes by a provider resource.
func by(ref string) context.Context {
	return peer.NewContext(context.Background(), &peer.Peer{Addr: reference(ref)})
}

// create checks a resource and makes it, as the engine does.
func create(ctx context.Context, server *provider.Server, urn string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	sent, err := marshal(inputs)
	if err != nil {
		return "", nil, err
	}
	seed := sha256.Sum256([]byte(urn)) // generated names are the same in each plan
	checked, err := server.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: sent, RandomSeed: seed[:]})
	if err != nil {
		return "", nil, err
	}
	var refused []error
	for _, failure := range checked.GetFailures() {
		refused = append(refused, fmt.Errorf("%s: %s", failure.GetProperty(), failure.GetReason()))
	}
	if err := errors.Join(refused...); err != nil {
		return "", nil, err
	}
	made, err := server.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.GetInputs()})
	if err != nil {
		return "", nil, err
	}
	outputs, err := unmarshal(made.GetProperties())
	return made.GetId(), outputs, err
}

// read answers a look-up of one resource, which declares nothing.
func (c *cloud) read(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	server, known := c.server(args.TypeToken)
	if !known {
		return "", nil, fmt.Errorf("the program reads %s %s, which no provider has", args.TypeToken, args.ID)
	}
	there, err := server.Read(by(args.Provider), &pulumirpc.ReadRequest{Id: args.ID, Urn: c.urn("", args.TypeToken, args.Name)})
	if err != nil {
		return "", nil, err
	}
	if there.GetId() == "" {
		return "", nil, fmt.Errorf("resource '%s' does not exist", args.ID)
	}
	found, err := unmarshal(there.GetProperties())
	if err != nil {
		return "", nil, err
	}
	maps.Copy(found, resource.NewPropertyMapFromMap(c.found[args.TypeToken]))
	return args.ID, found, nil
}

// urn is the name that the mock engine gives a resource.
func (c *cloud) urn(parent, typ, name string) string {
	parentType := tokens.Type("")
	if urn := resource.URN(parent); urn != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(c.stack), project, parentType, tokens.Type(typ), name))
}

// Call implements pulumi.MockResourceMonitor: it answers look-ups by what exists, but
// for what the run changes.
func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	server, known := c.server(args.Token)
	if !known {
		return nil, fmt.Errorf("the program looks up %s, which no provider has", args.Token)
	}
	other, changed := c.found[args.Token]
	if changed && other == nil {
		return nil, fmt.Errorf("%v was not found (404)", args.Args["name"].V)
	}
	sent, err := marshal(args.Args)
	if err != nil {
		return nil, err
	}
	response, err := server.Invoke(by(args.Provider), &pulumirpc.InvokeRequest{Tok: args.Token, Args: sent})
	if err != nil {
		return nil, err
	}
	answer, err := unmarshal(response.GetReturn())
	if err != nil {
		return nil, err
	}
	maps.Copy(answer, resource.NewPropertyMapFromMap(other))
	return answer, nil
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	encoded, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		return nil, fmt.Errorf("encode properties: %w", err)
	}
	return encoded, nil
}

func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	decoded, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		return nil, fmt.Errorf("decode properties: %w", err)
	}
	return decoded, nil
}

package plan

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// cloud asks the emulator's providers what they refuse and what they compute.
type cloud struct {
	providers map[string]*provider.Server // by the first part of a type's token
	// found are other answers to look-ups, by function and property.
	found map[string]map[string]any
	echo  declared.Echo
}

var _ declared.Cloud = (*cloud)(nil)

// Make implements declared.Cloud.
func (c *cloud) Make(r declared.Resource) (string, resource.PropertyMap, error) {
	if name, is := strings.CutPrefix(r.Type, "pulumi:providers:"); is {
		if err := c.configure(name, r); err != nil {
			return "", nil, err
		}
	}
	server, emulated := c.server(r.Type)
	if !emulated {
		return c.echo.Make(r)
	}
	return create(by(r.Provider), server, r)
}

// server is the provider that has a type or a function.
func (c *cloud) server(token string) (*provider.Server, bool) {
	name, _, _ := strings.Cut(token, ":")
	server, known := c.providers[name]
	return server, known
}

// configure gives a provider resource's settings to the provider.
func (c *cloud) configure(name string, r declared.Resource) error {
	server, known := c.providers[name]
	if !known {
		return nil
	}
	sent, err := marshal(r.Properties)
	if err != nil {
		return err
	}
	_, err = server.Configure(by(r.Reference()), &pulumirpc.ConfigureRequest{Args: sent})
	return err
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

// create checks a resource and makes it, as the engine does. What it was made with must
// be what the next update finds, or that would change it again, and each one after it.
func create(ctx context.Context, server *provider.Server, r declared.Resource) (string, resource.PropertyMap, error) {
	sent, err := marshal(r.Properties)
	if err != nil {
		return "", nil, err
	}
	seed := sha256.Sum256([]byte(r.URN)) // generated names are the same in each plan
	checked, err := server.Check(ctx, &pulumirpc.CheckRequest{Urn: r.URN, News: sent, RandomSeed: seed[:]})
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
	made, err := server.Create(ctx, &pulumirpc.CreateRequest{Urn: r.URN, Properties: checked.GetInputs()})
	if err != nil {
		return "", nil, err
	}
	if err := settled(ctx, server, r, made, checked.GetInputs()); err != nil {
		return "", nil, err
	}
	outputs, err := unmarshal(made.GetProperties())
	return made.GetId(), outputs, err
}

// settled says what the next update would change of a resource that was just made, with a
// refresh before it or without.
func settled(ctx context.Context, server *provider.Server, r declared.Resource, made *pulumirpc.CreateResponse, inputs *structpb.Struct) error {
	found, err := server.Read(ctx, &pulumirpc.ReadRequest{Id: made.GetId(), Urn: r.URN, Properties: made.GetProperties(), Inputs: inputs})
	if err != nil {
		return err
	}
	for _, state := range []struct {
		when            string
		inputs, outputs *structpb.Struct
	}{
		{"the next update", inputs, made.GetProperties()},
		{"an update after a refresh", found.GetInputs(), found.GetProperties()},
	} {
		again, err := server.Diff(ctx, &pulumirpc.DiffRequest{
			Id: made.GetId(), Urn: r.URN, Olds: state.outputs, OldInputs: state.inputs, News: inputs, IgnoreChanges: r.IgnoreChanges,
		})
		if err != nil {
			return err
		}
		if differences := slices.Sorted(maps.Keys(again.GetDetailedDiff())); len(differences) > 0 {
			return fmt.Errorf("%s would change it again: %s (replaces it: %t)", state.when, strings.Join(differences, ", "), len(again.GetReplaces()) > 0)
		}
	}
	return nil
}

// Read implements declared.Cloud.
func (c *cloud) Read(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	server, known := c.server(args.TypeToken)
	if !known {
		return "", nil, fmt.Errorf("the program reads %s %s, which no provider has", args.TypeToken, args.ID)
	}
	there, err := server.Read(by(args.Provider), &pulumirpc.ReadRequest{Id: args.ID, Urn: string(resource.NewURN("plan", declared.Project, "", tokens.Type(args.TypeToken), args.Name))})
	if err != nil {
		return "", nil, err
	}
	if there.GetId() == "" {
		return "", nil, fmt.Errorf("read %s: resource '%s' does not exist", args.Name, args.ID) // the engine names it, too
	}
	found, err := unmarshal(there.GetProperties())
	if err != nil {
		return "", nil, err
	}
	maps.Copy(found, resource.NewPropertyMapFromMap(c.found[args.TypeToken]))
	return args.ID, found, nil
}

// outputsOfStack is the engine's own look-up of what the last update has left.
const outputsOfStack = "pulumi:pulumi:readStackOutputs"

// Call implements declared.Cloud: it answers look-ups by what exists, but
// for what the run changes.
func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == outputsOfStack {
		return resource.NewPropertyMapFromMap(map[string]any{"outputs": c.found[args.Token]}), nil
	}
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

package provider

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check names what the program left unnamed and refuses what the API would
// refuse, before anything is touched.
func (s *Server) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	kind, name, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := receive(request.GetNews())
	if err != nil {
		return nil, err
	}
	before, err := receive(request.GetOlds())
	if err != nil {
		return nil, err
	}
	if kind.NameProperty != "" {
		if err := autoname(inputs, before, kind.NameProperty, name, request.GetRandomSeed()); err != nil {
			return nil, err
		}
	}
	draft := &Draft{URN: request.GetUrn(), Name: name, Config: s.configuration(ctx), Inputs: plain(inputs), Exists: len(before) > 0}
	response := &pulumirpc.CheckResponse{}
	for _, required := range kind.Required {
		if !draft.Inputs.Has(required) {
			response.Failures = append(response.Failures, &pulumirpc.CheckFailure{
				Property: required,
				Reason:   `Missing required argument. The argument "` + required + `" is required, but no definition was found.`,
			})
		}
	}
	if kind.Check != nil {
		for _, failure := range kind.Check(draft) {
			response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: failure.Property, Reason: failure.Reason})
		}
	}
	response.Inputs, err = marshal(inputs)
	return response, err
}

// autoname fills the name that the program left out: the one from before, else
// the resource's name with seven random digits, as the real providers do.
func autoname(inputs, before resource.PropertyMap, property, name string, seed []byte) error {
	outer, inner, nested := strings.Cut(property, ".")
	target, key := inputs, resource.PropertyKey(property)
	if nested {
		object := inputs[resource.PropertyKey(outer)]
		if object.IsSecret() {
			object = object.SecretValue().Element
		}
		if !object.IsObject() {
			object = resource.NewProperty(resource.PropertyMap{})
			inputs[resource.PropertyKey(outer)] = object
		}
		target, key = object.ObjectValue(), resource.PropertyKey(inner)
	}
	if value, given := target[key]; given && !value.IsNull() {
		return nil
	}
	if old := plain(before).Text(property); old != "" {
		target[key] = resource.NewProperty(old)
		return nil
	}
	random, err := resource.NewUniqueName(seed, name+"-", 7, 0, nil)
	if err != nil {
		return err
	}
	target[key] = resource.NewProperty(random)
	return nil
}

// Diff compares the inputs of the last update with the new ones.
func (s *Server) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	kind, name, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	before, err := receive(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	after, err := receive(request.GetNews())
	if err != nil {
		return nil, err
	}
	draft := &Draft{URN: request.GetUrn(), Name: name, Config: s.configuration(ctx), Inputs: plain(after), Exists: true}
	response := describe(changes(plain(before), draft.Inputs), kind.Immutable)
	if len(response.GetReplaces()) > 0 {
		// Two things cannot have one name: the old one has to go first.
		response.DeleteBeforeReplace = kind.ID(draft) == request.GetId()
	}
	return response, nil
}

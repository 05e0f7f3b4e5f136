package provider

import (
	"context"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check names what the program left unnamed and refuses what the API would
// refuse, before anything is touched.
func (s *Server) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	about, inputs, before, err := s.decodeCall(ctx, request.GetUrn(), request.GetNews(), request.GetOlds())
	if err != nil {
		return nil, err
	}
	kind := about.kind
	if kind.NameProperty != "" {
		if err := autoname(inputs, before, kind.NameProperty, about.name, request.GetRandomSeed()); err != nil {
			return nil, err
		}
	}
	draft := about.draft(inputs, len(before) > 0)
	response := &pulumirpc.CheckResponse{}
	failures := kind.Fields.check(draft.Inputs)
	if len(failures) == 0 && kind.Check != nil {
		failures = kind.Check(draft)
	}
	for _, failure := range failures {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: failure.Property, Reason: failure.Reason})
	}
	response.Inputs, err = marshal(inputs)
	return response, err
}

// Diff compares the inputs of the last update, and what the API answered to them, with the
// new ones.
func (s *Server) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	about, before, after, err := s.decodeCall(ctx, request.GetUrn(), request.GetOldInputs(), request.GetNews())
	if err != nil {
		return nil, err
	}
	outputs, err := receive(request.GetOlds())
	if err != nil {
		return nil, err
	}
	kind, draft, is := about.kind, about.draft(after, true), plain(outputs)
	was := kind.answered(kind.Fields.settle(plain(before), is), is)
	draft.Inputs = kind.Fields.settle(draft.Inputs, was, is)
	found := unignored(changes(was, draft.Inputs), request.GetIgnoreChanges())
	immutable := append(slices.Clone(kind.Immutable), kind.Fields.replaced(found)...)
	if kind.Replaces != nil {
		immutable = append(immutable, kind.Replaces(was, draft.Inputs)...)
	}
	response := describe(found, immutable)
	if kind.Unready != nil {
		replacedFor(kind.Unready(request.GetId(), draft.Inputs), response)
	}
	if len(response.GetReplaces()) > 0 {
		// Two things cannot have one name: the old one has to go first, unless the
		// new one gets a name of its own.
		response.DeleteBeforeReplace = kind.ID(draft) == request.GetId() && !autonamed(after, kind.NameProperty)
	}
	return response, nil
}

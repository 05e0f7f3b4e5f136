package provider

import (
	"context"
	"maps"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Create makes a resource. A name in use is refused, unless it was this very
// resource (by URN) that an interrupted update had made already.
func (s *Server) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	about, inputs, _, err := s.decodeCall(ctx, request.GetUrn(), request.GetProperties(), nil)
	if err != nil {
		return nil, err
	}
	fresh := func() *Draft {
		draft := about.draft(inputs, false)
		draft.Limit = seconds(request.GetTimeout())
		draft.Outputs = maps.Clone(draft.Inputs)
		return draft
	}
	draft, hidden := fresh(), secrets(inputs)
	if request.GetPreview() {
		for _, computed := range about.kind.Computed {
			if !draft.Outputs.Has(computed) {
				draft.Outputs[computed] = Unknown{}
			}
		}
		properties, err := send(draft.Outputs, about.kind.hide(hidden))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	if err := s.written(); err != nil {
		return nil, err
	}
	fate := s.broken(request.GetUrn())
	if fate == Failed {
		return nil, status.Error(codes.Internal, internalError)
	}
	made, properties, err := s.make(ctx, about.kind, draft, nil, hidden)
	if err == nil && fate == AnswerLost {
		made, properties, err = s.unanswered(ctx, about.kind, made, func(ctx context.Context) (store.Resource, *structpb.Struct, error) {
			return s.make(ctx, about.kind, fresh(), nil, hidden)
		})
	}
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: properties}, nil
}

// Update changes a resource in place.
func (s *Server) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	about, inputs, outputs, err := s.decodeCall(ctx, request.GetUrn(), request.GetNews(), request.GetOlds())
	if err != nil {
		return nil, err
	}
	before, err := receive(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	old, exists := s.store.Get(about.kind.stored(), request.GetId())
	draft, hidden := about.draft(inputs, true), secrets(inputs)
	draft.Inputs = about.kind.Fields.keep(draft.Inputs, plain(before), Properties(old.Inputs))
	draft.Limit = seconds(request.GetTimeout())
	draft.IgnoreChanges = request.GetIgnoreChanges()
	draft.Outputs = plain(outputs)
	for key := range plain(before) { // what is declared no more, and computed never
		delete(draft.Outputs, key)
	}
	maps.Copy(draft.Outputs, draft.Inputs)
	if request.GetPreview() {
		properties, err := send(draft.Outputs, about.kind.hide(hidden))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	if err := s.written(); err != nil {
		return nil, err
	}
	if !exists {
		return nil, status.Errorf(codes.NotFound, "Error 404: %s %s was not found", about.kind.Type, request.GetId())
	}
	_, properties, err := s.make(ctx, about.kind, draft, &old, hidden)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// Read returns what exists under an id, for refresh, import and lookups. An
// empty answer says that nothing does.
func (s *Server) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	about, outputsBefore, inputsBefore, err := s.decodeCall(ctx, request.GetUrn(), request.GetProperties(), request.GetInputs())
	if err != nil {
		return nil, err
	}
	forgotten, err := s.forgotten()
	if err != nil {
		return nil, err
	}
	present, exists := s.lookup(about.kind, request.GetId())
	if !exists && about.kind.Missing != nil {
		return nil, status.Error(codes.NotFound, about.kind.Missing(request.GetId()).Error())
	}
	if !exists || forgotten {
		return &pulumirpc.ReadResponse{}, nil
	}
	hidden := secrets(outputsBefore, inputsBefore)
	found, computed := Properties(present.Inputs), Properties(present.Outputs)
	if about.kind.Seen != nil {
		found = about.kind.Seen(present, plain(inputsBefore))
	}
	if len(inputsBefore) == 0 && len(outputsBefore) == 0 { // an import
		found, computed = found.without(about.kind.Unread), computed.without(about.kind.Unread)
	}
	if marked, is := inputsBefore[defaults]; is { // nobody else can know
		found = maps.Clone(found)
		found[defaults] = unwrap(marked)
	}
	inputs, err := send(found, hidden)
	if err != nil {
		return nil, err
	}
	properties, err := send(computed, about.kind.hide(hidden))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: present.ID, Inputs: inputs, Properties: properties}, nil
}

// lookup finds the resource with the id, or the only one that a form of it means.
func (s *Server) lookup(kind Kind, id string) (store.Resource, bool) {
	present, exists := s.store.Get(kind.stored(), id)
	if exists || kind.MatchesImportID == nil {
		return present, exists
	}
	var found []store.Resource
	for _, candidate := range s.store.List(kind.stored()) {
		if kind.MatchesImportID(id, candidate.ID) {
			found = append(found, candidate)
		}
	}
	if len(found) != 1 {
		return store.Resource{}, false
	}
	return found[0], true
}

// Delete takes a resource away. Deleting what is gone already is fine.
func (s *Server) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	about, err := s.subject(ctx, request.GetUrn())
	if err != nil {
		return nil, err
	}
	forgotten, err := s.forgotten()
	if err != nil {
		return nil, err
	}
	kind := about.kind
	present, exists := s.store.Get(kind.stored(), request.GetId())
	if !exists || forgotten {
		return &emptypb.Empty{}, nil
	}
	if kind.Refusal != nil {
		if err := kind.Refusal(present); err != nil {
			return nil, status.Error(codes.FailedPrecondition, err.Error())
		}
	}
	if kind.Release != nil {
		left, err := kind.Release(present)
		if err != nil {
			return nil, status.Error(codes.FailedPrecondition, err.Error())
		}
		return &emptypb.Empty{}, s.store.Put(left)
	}
	if kind.Retained || kind.Abandoned != nil && kind.Abandoned(present.Inputs) { // it outlives its Pulumi resource
		present.URN = ""
		if kind.Leave != nil {
			present = kind.Leave(present)
		}
		return &emptypb.Empty{}, s.store.Put(present)
	}
	if kind.Remove != nil {
		if err := kind.Remove(ctx, present); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return &emptypb.Empty{}, s.forget(kind, present.ID)
}

package provider

import (
	"context"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/local/store"
)

// Create makes a resource. A name in use is refused, unless it was this very
// resource (by URN) that an interrupted update had made already.
func (s *Server) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	kind, name, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := receive(request.GetProperties())
	if err != nil {
		return nil, err
	}
	draft := &Draft{URN: request.GetUrn(), Name: name, Config: s.configuration(ctx), Inputs: plain(inputs)}
	draft.Outputs = maps.Clone(draft.Inputs)
	hidden := secrets(inputs)
	if request.GetPreview() {
		for _, computed := range kind.Computed {
			if !draft.Outputs.Has(computed) {
				draft.Outputs[computed] = Unknown{}
			}
		}
		properties, err := send(draft.Outputs, kind.hide(hidden))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	made, err := s.put(ctx, kind, draft, nil)
	if err != nil {
		return nil, err
	}
	properties, failure, err := s.realise(ctx, kind, made, nil, hidden)
	if err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, failure
	}
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: properties}, nil
}

// Update changes a resource in place.
func (s *Server) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	kind, name, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := receive(request.GetNews())
	if err != nil {
		return nil, err
	}
	outputs, err := receive(request.GetOlds())
	if err != nil {
		return nil, err
	}
	before, err := receive(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	draft := &Draft{URN: request.GetUrn(), Name: name, Config: s.configuration(ctx), Inputs: plain(inputs), Outputs: plain(outputs), Exists: true}
	for key := range plain(before) { // what is declared no more, and computed never
		delete(draft.Outputs, key)
	}
	maps.Copy(draft.Outputs, draft.Inputs)
	hidden := secrets(inputs)
	if request.GetPreview() {
		properties, err := send(draft.Outputs, kind.hide(hidden))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	old, exists := s.store.Get(kind.Type, request.GetId())
	if !exists {
		return nil, status.Errorf(codes.NotFound, "Error 404: %s %s was not found", kind.Type, request.GetId())
	}
	made, err := s.put(ctx, kind, draft, &old)
	if err != nil {
		return nil, err
	}
	properties, failure, err := s.realise(ctx, kind, made, &old, hidden)
	if err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, failure
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// put decides on the resource's identity and computed outputs and remembers it,
// all in one step, so that nobody else gets the same name or address.
func (s *Server) put(ctx context.Context, kind Kind, draft *Draft, old *store.Resource) (store.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := store.Resource{URN: draft.URN, Type: kind.Type, ID: kind.ID(draft)}
	if old != nil {
		made.ID = old.ID
	} else if present, exists := s.store.Get(kind.Type, made.ID); exists && present.URN != draft.URN {
		if err := kind.adopt(draft, present); err != nil {
			return made, err
		}
	}
	if kind.Compute != nil {
		if err := kind.Compute(ctx, draft); err != nil {
			return made, status.Error(codes.FailedPrecondition, err.Error())
		}
	}
	made.Inputs, made.Outputs = draft.Inputs, draft.Outputs
	if err := s.store.Put(made); err != nil {
		return made, err
	}
	return made, nil
}

// realise makes the resource real. When that fails the cloud is as before; when
// it is real but does not work, failure tells the engine to keep it and to try
// again on the next update.
func (s *Server) realise(ctx context.Context, kind Kind, made store.Resource, old *store.Resource, hidden map[string]bool) (*structpb.Struct, error, error) {
	if kind.Ensure != nil {
		if err := kind.Ensure(ctx, made); err != nil {
			return nil, nil, s.undo(ctx, kind, made, old, err)
		}
	}
	properties, err := send(made.Outputs, kind.hide(hidden))
	if err != nil || kind.Await == nil {
		return properties, nil, err
	}
	reason := kind.Await(ctx, made)
	if reason == nil {
		return properties, nil, nil
	}
	inputs, err := send(made.Inputs, hidden)
	if err != nil {
		return nil, nil, err
	}
	failure := rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: made.ID, Properties: properties, Inputs: inputs, Reasons: []string{reason.Error()},
	})
	return nil, failure, nil
}

// adopt decides about a creation under a name that is in use.
func (k Kind) adopt(draft *Draft, present store.Resource) error {
	switch {
	case present.URN != "" || k.Adopt == nil && !k.Retained:
		return status.Errorf(codes.AlreadyExists, "Error 409: %s %q already exists", k.Type, present.ID)
	case k.Adopt == nil:
		return nil
	default:
		if err := k.Adopt(draft, present); err != nil {
			return status.Error(codes.AlreadyExists, err.Error())
		}
		return nil
	}
}

func (s *Server) undo(ctx context.Context, kind Kind, made store.Resource, old *store.Resource, cause error) error {
	if old != nil {
		if err := s.store.Put(*old); err != nil {
			return fmt.Errorf("%w; and the store: %w", cause, err)
		}
		return status.Error(codes.Internal, cause.Error())
	}
	if kind.Remove != nil {
		if err := kind.Remove(context.WithoutCancel(ctx), made); err != nil {
			cause = fmt.Errorf("%w; and removing the remains: %w", cause, err)
		}
	}
	if err := s.store.Delete(made.Type, made.ID); err != nil {
		cause = fmt.Errorf("%w; and the store: %w", cause, err)
	}
	return status.Error(codes.Internal, cause.Error())
}

// Read returns what exists under an id, for refresh, import and lookups. An
// empty answer says that nothing does.
func (s *Server) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	kind, _, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	present, exists := s.store.Get(kind.Type, request.GetId())
	if !exists {
		return &pulumirpc.ReadResponse{}, nil
	}
	knownOutputs, err := receive(request.GetProperties())
	if err != nil {
		return nil, err
	}
	knownInputs, err := receive(request.GetInputs())
	if err != nil {
		return nil, err
	}
	hidden := secrets(knownOutputs, knownInputs)
	inputs, err := send(present.Inputs, hidden)
	if err != nil {
		return nil, err
	}
	properties, err := send(present.Outputs, kind.hide(hidden))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: present.ID, Inputs: inputs, Properties: properties}, nil
}

// Delete takes a resource away. Deleting what is gone already is fine.
func (s *Server) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := s.cancellable(ctx)
	defer done()
	kind, _, err := s.kind(request.GetUrn())
	if err != nil {
		return nil, err
	}
	present, exists := s.store.Get(kind.Type, request.GetId())
	if !exists {
		return &emptypb.Empty{}, nil
	}
	if kind.Refusal != nil {
		if err := kind.Refusal(present); err != nil {
			return nil, status.Error(codes.FailedPrecondition, err.Error())
		}
	}
	if kind.Retained { // it outlives its Pulumi resource, and can be taken up again
		present.URN = ""
		return &emptypb.Empty{}, s.store.Put(present)
	}
	if kind.Remove != nil {
		if err := kind.Remove(ctx, present); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	}
	return &emptypb.Empty{}, s.store.Delete(kind.Type, present.ID)
}

// hide adds the outputs that are secret by nature to those that came in secret.
func (k Kind) hide(hidden map[string]bool) map[string]bool {
	all := maps.Clone(hidden)
	if all == nil {
		all = map[string]bool{}
	}
	for _, name := range k.Secret {
		all[name] = true
	}
	return all
}

package provider

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// make stores the draft and makes it real; it replaces old if that is given. When that
// fails the cloud is as before; when the resource is real but does not work, the error
// tells the engine to keep it and to try again on the next update.
func (s *Server) make(ctx context.Context, kind Kind, draft *Draft, old *store.Resource, hidden map[string]bool) (store.Resource, *structpb.Struct, error) {
	made, err := s.put(ctx, kind, draft, old)
	if err != nil {
		return made, nil, err
	}
	if kind.Ensure != nil {
		if err := kind.Ensure(ctx, made); err != nil {
			return made, nil, s.undo(ctx, kind, made, old, err)
		}
	}
	properties, err := send(made.Outputs, kind.hide(hidden))
	if err != nil || kind.Await == nil {
		return made, properties, err
	}
	if reason := kind.await(ctx, made, draft.Limit); reason != nil {
		return made, nil, unready(made, properties, hidden, reason)
	}
	return made, properties, nil
}

// await waits as long as the program lets it, or the kind.
func (k Kind) await(ctx context.Context, made store.Resource, limit time.Duration) error {
	if limit = cmp.Or(limit, k.Waits); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("timed out waiting to be Ready after %s", limit))
		defer cancel()
	}
	return k.Await(ctx, made)
}

// seconds is a time limit as the engine sends it.
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// put decides on the resource's identity and computed outputs and remembers it,
// all in one step, so that nobody else gets the same name or address.
func (s *Server) put(ctx context.Context, kind Kind, draft *Draft, old *store.Resource) (store.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := store.Resource{URN: draft.URN, Type: kind.stored(), ID: kind.ID(draft)}
	if old != nil {
		made.ID = old.ID
	} else if err := s.checkNameAvailable(kind, draft, made); err != nil {
		return made, err
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

// checkNameAvailable decides about a creation under a name that is in use, or was a while ago.
func (s *Server) checkNameAvailable(kind Kind, draft *Draft, wanted store.Resource) error {
	if when, known := s.store.DeletedAt(kind.stored(), wanted.ID); known && time.Since(when) < kind.NameKept {
		if kind.WhileNameKept != nil {
			return status.Error(codes.FailedPrecondition, kind.WhileNameKept(wanted.ID, when.Add(kind.NameKept)).Error())
		}
		return status.Errorf(codes.AlreadyExists, "Error 409: The resource '%s' already exists: the name of a deleted one cannot be used again for %s, until %s",
			wanted.ID, spoken(kind.NameKept), when.Add(kind.NameKept).Format(time.RFC3339))
	}
	present, exists := s.store.Get(kind.stored(), wanted.ID)
	switch {
	case !exists || present.URN == draft.URN:
		return nil
	case present.URN != "" || kind.Adopt == nil:
		return status.Errorf(codes.AlreadyExists, "Error 409: The resource '%s' already exists", wanted.ID)
	}
	if err := kind.Adopt(draft, present); err != nil {
		return status.Error(codes.AlreadyExists, err.Error())
	}
	return nil
}

func spoken(d time.Duration) string {
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// unready tells the engine that the resource exists and does not work.
func unready(made store.Resource, properties *structpb.Struct, hidden map[string]bool, reason error) error {
	inputs, err := send(made.Inputs, hidden)
	if err != nil {
		return err
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, reason.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: made.ID, Properties: properties, Inputs: inputs, Reasons: []string{reason.Error()},
	})
}

// undo makes the cloud as it was before what could not be made real.
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

// forget takes a deleted resource out of the store, or only its name stays there.
func (s *Server) forget(kind Kind, id string) error {
	if kind.NameKept > 0 {
		return s.store.DeleteAndKeepName(kind.stored(), id, time.Now())
	}
	return s.store.Delete(kind.stored(), id)
}

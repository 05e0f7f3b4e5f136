package provider

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Break is what happens to one creation on its way.
type Break int

const (
	// Whole is a creation that nothing happens to.
	Whole Break = iota
	// Failed is one that the API fails, without having made anything.
	Failed
	// AnswerLost is one that the API makes, and whose answer never arrives.
	AnswerLost
)

// Error texts for a creation that the API fails, and for one whose connection breaks.
const (
	internalError   = "Error 500: Internal error encountered., backendError"
	connectionReset = "read tcp 10.0.0.2:51234->203.0.113.1:443: read: connection reset by peer"
)

// Breaking makes the server ask what happens to each creation, by the resource's URN.
// resends says that the provider sends a request again whose connection broke, as the Google
// provider does with every one
// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/transport/error_retry_predicates.go,
// isConnectionResetNetworkError). Kubernetes' client does so with reading only
// (https://github.com/kubernetes/client-go/blob/v0.31.0/rest/with_retry.go).
func (s *Server) Breaking(ask func(urn string) Break, resends bool) {
	s.breaks, s.resends = ask, resends
}

// broken is what happens to the creation of the resource.
func (s *Server) broken(urn string) Break {
	if s.breaks == nil {
		return Whole
	}
	return s.breaks(urn)
}

// lose removes a resource from the program's state, although it exists.
func (s *Server) lose(kind Kind, made store.Resource) error {
	if kind.Numbered { // the next one gets an id of its own
		if err := s.store.Delete(made.Type, made.ID); err != nil {
			return err
		}
		made.ID += "0"
	}
	made.URN = ""
	return s.store.Put(made)
}

// unanswered is a creation whose answer was lost: what is made is nobody's, and the request
// is sent again or fails.
func (s *Server) unanswered(ctx context.Context, kind Kind, made store.Resource,
	again func(context.Context) (store.Resource, *structpb.Struct, error),
) (store.Resource, *structpb.Struct, error) {
	if err := s.lose(kind, made); err != nil {
		return made, nil, err
	}
	if !s.resends {
		return made, nil, status.Error(codes.Unavailable, connectionReset)
	}
	return again(ctx)
}

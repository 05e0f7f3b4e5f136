package provider

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reach tells how what a provider talks to can be reached.
type Reach struct {
	// Gone says that it answers nobody.
	Gone bool
	// Forget says that resources which cannot be reached are taken out of the state, as
	// PULUMI_K8S_DELETE_UNREACHABLE does.
	Forget bool
}

// Reaching makes the server ask before it reads or writes anything. Without it
// everything can be reached.
func (s *Server) Reaching(ask func() Reach) { s.reach = ask }

// The words of the Kubernetes provider
// (https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/provider/provider.go).
const (
	unreachable = "configured Kubernetes cluster is unreachable"
	rerun       = "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\""
)

// written refuses a creation or a change of what cannot be reached.
func (s *Server) written() error {
	if s.reach == nil || !s.reach().Gone {
		return nil
	}
	return status.Error(codes.Unavailable, unreachable+": no answer from the control plane")
}

// forgotten tells whether unreachable resources are removed from the state instead of
// being read or deleted.
func (s *Server) forgotten() (bool, error) {
	if s.reach == nil {
		return false, nil
	}
	reach := s.reach()
	switch {
	case !reach.Gone:
		return false, nil
	case reach.Forget:
		return true, nil
	default:
		return false, status.Error(codes.Unavailable, unreachable+". "+rerun)
	}
}

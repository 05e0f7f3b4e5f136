// Package kms is Cloud KMS on this machine: the gRPC API that the license API
// calls, and Go methods that the provider calls.
package kms

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Service is safe for concurrent use. Its errors are gRPC status errors with
// the codes of the real API.
type Service struct {
	path   string
	log    *slog.Logger
	now    func() time.Time
	spares *spares
	// newPair makes the key pair of a version.
	newPair func(context.Context, kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) ([]byte, error)

	mu    sync.Mutex
	state state
}

// Open reads the keys kept in dir (0600), or starts without any, and begins to
// make spare RSA-4096 keys in the background, as each takes about a second.
func Open(dir string, log *slog.Logger) (*Service, error) {
	s := &Service{path: filepath.Join(dir, "keys.json"), log: log, now: time.Now}
	loaded, err := load(s.path)
	if err != nil {
		return nil, err
	}
	s.state = loaded
	s.spares = startSpares(filepath.Join(dir, "spare"), log)
	s.newPair = s.pairFor
	return s, nil
}

// Close ends the background work and returns when it is over.
func (s *Service) Close() { s.spares.stop() }

// Register adds the API (google.cloud.kms.v1.KeyManagementService) to a server, which
// asks everybody for what Need says.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	kmspb.RegisterKeyManagementServiceServer(server, api{service: s})
}

// HasKeyRing says whether the ring exists.
func (s *Service) HasKeyRing(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Rings[name]
}

// CreateKeyRing makes projects/P/locations/L/keyRings/R. ALREADY_EXISTS when it
// is there: rings can never be deleted, as on Google Cloud.
func (s *Service) CreateKeyRing(name string) error {
	if !ringName.MatchString(name) {
		return status.Errorf(codes.InvalidArgument, "the key ring's name %q does not match %s", name, ringName)
	}
	return s.change(func(st *state) error {
		if st.Rings[name] {
			return status.Errorf(codes.AlreadyExists, "KeyRing %s already exists.", name)
		}
		st.Rings[name] = true
		return nil
	})
}

// change runs the edit on a copy of the state and keeps it once it is on disk.
func (s *Service) change(edit func(*state) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.state.clone()
	next.destroyDue(s.now())
	if err := edit(&next); err != nil {
		return err
	}
	if err := next.save(s.path); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	s.state = next
	return nil
}

// snapshot is the state as of now.
func (s *Service) snapshot() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.state.clone()
	current.destroyDue(s.now())
	return current
}

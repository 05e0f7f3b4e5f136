// Package secretmanager is Secret Manager on this machine: the gRPC API that
// the license API calls, and Go methods that the provider calls.
package secretmanager

import (
	"errors"

	"google.golang.org/grpc"
)

// Service is safe for concurrent use. Its errors are gRPC status errors with
// the codes of the real API.
type Service struct{}

var errNotBuilt = errors.New("not built yet")

// Open reads the secrets kept in dir (0600), or starts without any.
func Open(dir string) (*Service, error) { return nil, errNotBuilt }

// Register adds the API (google.cloud.secretmanager.v1.SecretManagerService).
func (s *Service) Register(server grpc.ServiceRegistrar) {}

// CreateSecret makes projects/P/secrets/ID; ALREADY_EXISTS when it is there.
func (s *Service) CreateSecret(name string) error { return errNotBuilt }

// DeleteSecret removes a secret with its versions; NOT_FOUND when it is not there.
func (s *Service) DeleteSecret(name string) error { return errNotBuilt }

// AddVersion adds a version (at most 64 KiB) and returns its full name,
// projects/P/secrets/ID/versions/N.
func (s *Service) AddVersion(secret string, payload []byte) (string, error) { return "", errNotBuilt }

// Payload returns what a version holds; its name may end in "latest".
func (s *Service) Payload(version string) ([]byte, error) { return nil, errNotBuilt }

// EnableVersion lets a disabled version be read again.
func (s *Service) EnableVersion(version string) error { return errNotBuilt }

// DisableVersion refuses reads of a version until it is enabled.
func (s *Service) DisableVersion(version string) error { return errNotBuilt }

// DestroyVersion forgets what a version holds, for good.
func (s *Service) DestroyVersion(version string) error { return errNotBuilt }

package daemon

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
)

// secrets adapts the secret manager to the provider and its resources.
type secrets struct{ service *secretmanager.Service }

var _ gcp.Secrets = secrets{}

// EnsureSecret makes a secret unless it exists.
func (s secrets) EnsureSecret(name string) error {
	if err := s.service.CreateSecret(name); status.Code(err) != codes.AlreadyExists {
		return err
	}
	return nil
}

// RemoveSecret removes a secret with its versions.
func (s secrets) RemoveSecret(name string) error {
	if err := s.service.DeleteSecret(name); status.Code(err) != codes.NotFound {
		return err
	}
	return nil
}

// EnsureVersion makes the version with this number, unless it exists.
func (s secrets) EnsureVersion(secret string, number int, payload []byte) error {
	if number <= s.LastVersion(secret) {
		return nil
	}
	made, err := s.service.AddVersion(secret, payload)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(made, "/versions/"+strconv.Itoa(number)) {
		return fmt.Errorf("the new version of %s is %s, expected number %d", secret, made, number)
	}
	return nil
}

// LastVersion is the highest number a version of the secret ever had, 0 for a
// secret that does not exist, or whose name is not known yet.
func (s secrets) LastVersion(secret string) int { return s.service.Versions(secret) }

// SetVersionState takes ENABLED, DISABLED or DESTROYED.
func (s secrets) SetVersionState(version, state string) error {
	switch state {
	case "DESTROYED":
		return s.service.DestroyVersion(version)
	case "DISABLED":
		return s.service.DisableVersion(version)
	default:
		return s.service.EnableVersion(version)
	}
}

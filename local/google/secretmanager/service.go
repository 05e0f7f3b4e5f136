// Package secretmanager is Secret Manager on this machine: the gRPC API that
// the license API calls, and Go methods that the provider calls.
package secretmanager

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxPayload is the API's bound of a secret's size in bytes
// (https://cloud.google.com/secret-manager/quotas).
const maxPayload = 64 << 10

var (
	secretName  = regexp.MustCompile(`^projects/[^/]+/secrets/[a-zA-Z0-9_-]{1,255}$`)
	versionName = regexp.MustCompile(`^(projects/[^/]+/secrets/[a-zA-Z0-9_-]{1,255})/versions/([1-9][0-9]{0,8}|latest)$`)
)

// Service is safe for concurrent use. Its errors are gRPC status errors with
// the codes of the real API.
type Service struct {
	path string

	mu      sync.Mutex
	secrets secrets
}

// Open reads the secrets kept in dir (0600), or starts without any.
func Open(dir string) (*Service, error) {
	s := &Service{path: filepath.Join(dir, "secrets.json")}
	var err error
	s.secrets, err = load(s.path)
	return s, err
}

// Register adds the API (google.cloud.secretmanager.v1.SecretManagerService) to a
// server, which asks everybody for what Need says.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	secretmanagerpb.RegisterSecretManagerServiceServer(server, api{service: s})
}

// CreateSecret makes projects/P/secrets/ID; ALREADY_EXISTS when it is there.
func (s *Service) CreateSecret(name string) error {
	if !secretName.MatchString(name) {
		return status.Errorf(codes.InvalidArgument, "the secret's name %q does not match %s", name, secretName)
	}
	return s.change(func(all secrets) error {
		if _, exists := all[name]; exists {
			return status.Errorf(codes.AlreadyExists, "Secret [%s] already exists.", name)
		}
		all[name] = []version{}
		return nil
	})
}

// DeleteSecret removes a secret with its versions; NOT_FOUND when it is not there.
func (s *Service) DeleteSecret(name string) error {
	return s.change(func(all secrets) error {
		if _, exists := all[name]; !exists {
			return status.Errorf(codes.NotFound, "Secret [%s] not found.", name)
		}
		delete(all, name)
		return nil
	})
}

// Versions is how many versions the secret ever had, which is also the number of
// the last one: a destroyed version keeps its number. It is 0 for a secret that does
// not exist.
func (s *Service) Versions(secret string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.secrets[secret])
}

// AddVersion adds a version (1 byte to 64 KiB) and returns its full name,
// projects/P/secrets/ID/versions/N.
func (s *Service) AddVersion(secret string, payload []byte) (string, error) {
	if len(payload) == 0 || len(payload) > maxPayload {
		return "", status.Errorf(codes.InvalidArgument, "the payload of a version of [%s] has %d bytes; allowed is 1 to %d", secret, len(payload), maxPayload)
	}
	var name string
	err := s.change(func(all secrets) error {
		versions, exists := all[secret]
		if !exists {
			return status.Errorf(codes.NotFound, "Secret [%s] not found.", secret)
		}
		all[secret] = append(versions, version{State: secretmanagerpb.SecretVersion_ENABLED, Created: time.Now().UTC(), Payload: payload})
		name = fmt.Sprintf("%s/versions/%d", secret, len(versions)+1)
		return nil
	})
	return name, err
}

// Payload returns what an enabled version holds; its name may end in "latest".
func (s *Service) Payload(name string) ([]byte, error) {
	_, v, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if v.State != secretmanagerpb.SecretVersion_ENABLED {
		return nil, status.Errorf(codes.FailedPrecondition, "Secret Version [%s] is in %s state.", name, v.State)
	}
	return v.Payload, nil
}

// EnableVersion lets a disabled version be read again.
func (s *Service) EnableVersion(name string) error {
	return s.setState(name, secretmanagerpb.SecretVersion_ENABLED)
}

// DisableVersion refuses reads of a version until it is enabled.
func (s *Service) DisableVersion(name string) error {
	return s.setState(name, secretmanagerpb.SecretVersion_DISABLED)
}

// DestroyVersion forgets what a version holds, for good.
func (s *Service) DestroyVersion(name string) error {
	return s.setState(name, secretmanagerpb.SecretVersion_DESTROYED)
}

func (s *Service) setState(name string, to secretmanagerpb.SecretVersion_State) error {
	return s.change(func(all secrets) error {
		secret, index, err := all.locate(name)
		if err != nil {
			return err
		}
		v := &all[secret][index]
		if v.State == to {
			return nil
		}
		if v.State == secretmanagerpb.SecretVersion_DESTROYED {
			return status.Errorf(codes.FailedPrecondition, "Secret Version [%s] is destroyed.", name)
		}
		v.State = to
		if to == secretmanagerpb.SecretVersion_DESTROYED {
			v.Payload, v.Destroyed = nil, time.Now().UTC()
		}
		return nil
	})
}

// find returns a version and its full name, "latest" resolved.
func (s *Service) find(name string) (string, version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, index, err := s.secrets.locate(name)
	if err != nil {
		return "", version{}, err
	}
	return fmt.Sprintf("%s/versions/%d", secret, index+1), s.secrets[secret][index], nil
}

// locate finds a version by its name; index is its number minus one. "latest"
// is the newest version, whatever its state.
func (all secrets) locate(name string) (secret string, index int, err error) {
	parts := versionName.FindStringSubmatch(name)
	if parts == nil {
		return "", 0, notAVersion(name)
	}
	versions := all[parts[1]]
	number := len(versions)
	if !strings.HasSuffix(name, "/latest") {
		if number, err = strconv.Atoi(parts[2]); err != nil {
			return "", 0, status.Errorf(codes.InvalidArgument, "the version of [%s] is not a number", name)
		}
	}
	if number < 1 || number > len(versions) {
		return "", 0, status.Errorf(codes.NotFound, "Secret Version [%s] not found.", name)
	}
	return parts[1], number - 1, nil
}

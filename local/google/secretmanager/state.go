package secretmanager

import (
	"maps"
	"slices"
	"time"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/coditect-ai/license-platform/local/host/file"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// secrets holds the versions of every secret by its name, number N at index N-1.
type secrets map[string][]version

type version struct {
	State     secretmanagerpb.SecretVersion_State `json:"state"`
	Created   time.Time                           `json:"created"`
	Destroyed time.Time                           `json:"destroyed,omitzero"`
	Payload   []byte                              `json:"payload,omitempty"`
}

// change runs the edit on a copy and keeps it once it is on disk.
func (s *Service) change(edit func(secrets) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.secrets)
	for name, versions := range next {
		next[name] = slices.Clone(versions)
	}
	if err := edit(next); err != nil {
		return err
	}
	if err := next.save(s.path); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	s.secrets = next
	return nil
}

// contents is what the file holds, in words.
const contents = "local secrets"

func load(path string) (secrets, error) {
	all := secrets{}
	if err := file.LoadJSON(path, contents, &all); err != nil {
		return nil, err
	}
	return all, nil
}

// save replaces the file in one step.
func (all secrets) save(path string) error { return file.ReplaceJSON(path, contents, all) }

package secretmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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

func load(path string) (secrets, error) {
	all := secrets{}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the local secrets: %w", err)
	}
	if err := json.Unmarshal(content, &all); err != nil {
		return nil, fmt.Errorf("the file of the local secrets, %s, is damaged: %w", path, err)
	}
	return all, nil
}

// save replaces the file in one step.
func (all secrets) save(path string) error {
	content, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("encode the local secrets: %w", err)
	}
	if err := file.Replace(path, content, 0o600); err != nil {
		return fmt.Errorf("keep the local secrets: %w", err)
	}
	return nil
}

package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// StateOutputs are the stack's outputs in the state below dir, without starting the
// engine: what the latest update has declared, also while it still deletes. Secrets stay
// encrypted. It is empty before the first update.
func StateOutputs(dir string) (Outputs, error) {
	content, err := os.ReadFile(layout{dir: dir, stack: Stack}.stackFile())
	if errors.Is(err, fs.ErrNotExist) {
		return Outputs{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the engine's state: %w", err)
	}
	var state struct {
		Checkpoint struct {
			Latest struct {
				Resources []struct {
					Type    string  `json:"type"`
					Outputs Outputs `json:"outputs"`
				} `json:"resources"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(content, &state); err != nil {
		return nil, fmt.Errorf("read the engine's state: %w", err)
	}
	for _, resource := range state.Checkpoint.Latest.Resources {
		if resource.Type == "pulumi:pulumi:Stack" && resource.Outputs != nil {
			return resource.Outputs, nil
		}
	}
	return Outputs{}, nil
}

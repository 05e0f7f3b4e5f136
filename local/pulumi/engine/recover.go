package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Recover takes up after an update that was interrupted: operations that were
// under way are recorded in the state as pending, and a refresh finds out what
// became of them. Without any it does nothing.
func (e *Engine) Recover(ctx context.Context) error {
	pending, err := e.pending()
	if err != nil || !pending {
		return err
	}
	if err := e.Refresh(ctx, func(Step) {}); err != nil {
		return fmt.Errorf("carry on after the interruption: %w", err)
	}
	return nil
}

func (e *Engine) pending() (bool, error) {
	exported, err := os.ReadFile(e.layout.stackFile())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the engine's state: %w", err)
	}
	var state struct {
		Checkpoint struct {
			Latest struct {
				Pending []json.RawMessage `json:"pending_operations"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(exported, &state); err != nil {
		return false, fmt.Errorf("read the engine's state: %w", err)
	}
	return len(state.Checkpoint.Latest.Pending) > 0, nil
}

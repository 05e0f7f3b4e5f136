package engine

import (
	"context"
	"encoding/json"
	"fmt"
)

// DropHooks takes the program's hooks from the resources of a type: a destroy does not run
// the program, and refuses to delete a resource whose hook it does not know.
func (e *Engine) DropHooks(ctx context.Context, typ string) error {
	exported, err := e.stack.Export(ctx)
	if err != nil {
		return fmt.Errorf("read the engine's state: %w", plainly(err))
	}
	var deployment map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return fmt.Errorf("read the engine's state: %w", err)
	}
	if len(deployment["resources"]) == 0 {
		return nil
	}
	if err := json.Unmarshal(deployment["resources"], &resources); err != nil {
		return fmt.Errorf("read the engine's state: %w", err)
	}
	changed := false
	for _, resource := range resources {
		var is string
		if err := json.Unmarshal(resource["type"], &is); err != nil {
			return fmt.Errorf("read the engine's state: %w", err)
		}
		if _, hooked := resource["resourceHooks"]; hooked && is == typ {
			delete(resource, "resourceHooks")
			changed = true
		}
	}
	if !changed {
		return nil
	}
	if deployment["resources"], err = json.Marshal(resources); err != nil {
		return fmt.Errorf("write the engine's state: %w", err)
	}
	if exported.Deployment, err = json.Marshal(deployment); err != nil {
		return fmt.Errorf("write the engine's state: %w", err)
	}
	if err := e.unlock(); err != nil { // an update that was killed leaves its lock
		return err
	}
	if err := e.stack.Import(ctx, exported); err != nil {
		return fmt.Errorf("write the engine's state: %w", plainly(err))
	}
	return nil
}

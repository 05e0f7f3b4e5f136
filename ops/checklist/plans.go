package checklist

import (
	"fmt"

	"github.com/coditect-ai/license-platform/stack/plan"
)

// PlansOf runs the program of a stack whose settings are in the module's root,
// as it is and locked down.
func PlansOf(root, stack string, changes ...plan.Change) (Plans, error) {
	now, err := plan.Make(root, stack, changes...)
	if err != nil {
		return Plans{}, fmt.Errorf("plan stack %s: %w", stack, err)
	}
	locked, err := plan.Make(root, stack, append(changes, plan.Set("platform.lockdown", true))...)
	if err != nil {
		return Plans{}, fmt.Errorf("plan the lockdown of stack %s: %w", stack, err)
	}
	return Plans{Now: now, Lockdown: locked}, nil
}

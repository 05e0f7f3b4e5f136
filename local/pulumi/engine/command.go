package engine

import (
	"context"
	"fmt"
)

// Command runs the Pulumi CLI on the stack as a person does, without the word pulumi, and
// returns what it prints.
func (e *Engine) Command(ctx context.Context, arguments ...string) (string, error) {
	if err := e.unlock(); err != nil { // an update that was killed leaves its lock
		return "", err
	}
	workspace := e.stack.Workspace()
	environment := []string{"PULUMI_HOME=" + workspace.PulumiHome()}
	for name, value := range workspace.GetEnvVars() {
		environment = append(environment, name+"="+value)
	}
	output, complaints, _, err := workspace.PulumiCommand().Run(ctx, workspace.WorkDir(), nil, nil, nil, environment, arguments...)
	if err != nil {
		return output, fmt.Errorf("pulumi %s: %w: %s", arguments[0], err, complaints)
	}
	return output, nil
}

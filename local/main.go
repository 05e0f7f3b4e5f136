// Command local runs the license platform's Pulumi program on one machine,
// through the real Pulumi engine, against an embedded cloud.
package main

import (
	"context"
	"os"

	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/local/command"
	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func main() {
	os.Exit(command.Main(context.Background(), load, os.Args[1:], os.Stdout, os.Stderr))
}

// program is the stack with the API's image made from the project's source.
type program struct {
	stack.Program
	source *stack.Source
}

var _ command.Planner = program{}

func load(root string) command.Program {
	source := &stack.Source{Dir: root}
	return program{stack.With(source), source}
}

// Prepare compiles the API.
func (p program) Prepare(ctx context.Context) error {
	_, err := p.source.Digest(ctx, workload.Settings{}.BuildPlatform())
	return err
}

// Planned implements command.Planner.
func (program) Planned(root, stack string) ([]string, error) {
	made, err := plan.Make(root, stack)
	if err != nil {
		return nil, err
	}
	var urns []string
	for _, r := range made.Resources {
		if r.Type != plan.OutputsType {
			urns = append(urns, r.URN)
		}
	}
	return urns, nil
}

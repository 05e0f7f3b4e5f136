// Command local runs the license platform's Pulumi program on one machine,
// through the real Pulumi engine, against an embedded cloud.
package main

import (
	"context"
	"os"

	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/local/command"
	"github.com/coditect-ai/license-platform/stack"
)

func main() {
	os.Exit(command.Main(context.Background(), load, os.Args[1:], os.Stdout, os.Stderr))
}

// program is the stack with the API's image made from the project's source.
type program struct {
	stack.Program
	source *stack.Source
}

func load(root string) command.Program {
	source := &stack.Source{Dir: root}
	return program{stack.With(source), source}
}

// Prepare compiles the API.
func (p program) Prepare(ctx context.Context) error {
	_, err := p.source.Digest(ctx, workload.Settings{}.BuildPlatform())
	return err
}

// Command local runs the license platform's Pulumi program on one machine,
// through the real Pulumi engine, against an embedded cloud.
package main

import (
	"context"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/local/command"
	"github.com/coditect-ai/license-platform/stack"
)

func main() {
	program := func(root string) pulumi.RunFunc { return stack.With(&stack.Source{Dir: root}).Deploy }
	os.Exit(command.Main(context.Background(), program, os.Args[1:], os.Stdout, os.Stderr))
}

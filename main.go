// Command license-platform is the Pulumi program of the license platform.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/stack"
)

func main() { pulumi.Run(stack.Deploy) }

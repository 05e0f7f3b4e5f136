package retry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/coditect-ai/license-platform/stack/takeup"
)

// urnTime is how long the engine may take to name a component that it has registered.
const urnTime = 10 * time.Second

// places know where each resource of the stack stands.
type places struct {
	ctx     *pulumi.Context
	options Options

	mu      sync.Mutex
	parents map[string]pulumi.Resource // by type and name
}

// remember keeps the component that a resource is declared in.
func (p *places) remember(declared *pulumi.ResourceTransformationArgs) {
	options, err := pulumi.NewResourceOptions(declared.Opts...)
	if err != nil || options.Parent == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parents[declared.Type+" "+declared.Name] = options.Parent
}

// parent is the URN of the component that a resource is declared in.
func (p *places) parent(typ, name string) string {
	p.mu.Lock()
	component := p.parents[typ+" "+name]
	p.mu.Unlock()
	if component == nil {
		return ""
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(p.ctx.Context()), urnTime)
	defer cancel()
	urn, err := internals.UnsafeAwaitOutput(wait, component.URN())
	text, _ := urn.Value.(pulumi.URN)
	if err != nil || strings.Contains(string(text), "::pulumi:pulumi:Stack::") {
		return ""
	}
	return string(text)
}

// tell says what to do when a creation failed because the resource exists already, or a
// deletion because something is left that uses it.
func (p *places) tell(failed *pulumi.ErrorHookArgs) error {
	if len(failed.Errors) == 0 {
		return nil
	}
	typ := string(failed.Type)
	if failed.FailedOperation == "delete" {
		if advice := takeup.Kept(typ, failed.Errors[0], failed.OldInputs, p.options.Project); advice != "" {
			return p.ctx.Log.Error(advice, nil)
		}
		return nil
	}
	if failed.FailedOperation != "create" {
		return nil
	}
	advice := takeup.Advice(takeup.Place{
		Stack: p.ctx.Stack(), Type: typ, Name: failed.Name, Parent: p.parent(typ, failed.Name),
		Provider: p.provider(typ), Project: p.options.Project, Region: p.options.Region,
	}, failed.Errors[0], failed.NewInputs)
	if advice == "" {
		return nil
	}
	return p.ctx.Log.Error(advice, nil)
}

// provider is the URN of the provider resource that makes resources of a type.
func (p *places) provider(typ string) string {
	name, _, _ := strings.Cut(typ, ":")
	return fmt.Sprintf("urn:pulumi:%s::%s::pulumi:providers:%s::%[3]s", p.ctx.Stack(), p.ctx.Project(), name)
}

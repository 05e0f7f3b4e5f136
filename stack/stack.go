// Package stack is the platform as a whole: the settings of all layers, the
// layers in their order, and the outputs. It is the only room that knows every
// layer.
package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/stack/retry"
)

// Program is the Pulumi program of the license platform.
type Program struct {
	images Images
}

// With returns the program that takes the API's image from images.
func With(images Images) Program { return Program{images: images} }

// Deploy declares the platform, with the API's image built from the source code
// in the current folder.
func Deploy(ctx *pulumi.Context) error { return With(&Source{Dir: "."}).Deploy(ctx) }

// Deploy declares the whole platform in the stack that ctx belongs to, and its
// outputs. Nothing is declared when a setting is wrong; the error then lists all
// mistakes.
func (p Program) Deploy(ctx *pulumi.Context) error {
	outputs, err := p.Declare(ctx)
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return err
}

// Declare is Deploy for a program that does something else with the outputs.
func (p Program) Declare(ctx *pulumi.Context) (pulumi.Map, error) {
	s, problems, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the settings of stack %s: %w", ctx.Stack(), err)
	}
	found, missing := readSecrets(ctx)
	problems = append(append(problems, missing...), s.validate()...)
	problems = append(problems, s.validateChannels(found)...)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("stack %s is not deployed: %w", ctx.Stack(), err)
	}
	if err := warnOfNoEffect(ctx, s); err != nil {
		return nil, fmt.Errorf("stack %s: %w", ctx.Stack(), err)
	}
	if err := retry.Register(ctx, retry.Options{Pause: retry.Pause, Project: s.Platform.Project, Region: s.Platform.Region}); err != nil {
		return nil, fmt.Errorf("stack %s: %w", ctx.Stack(), err)
	}
	d := deployment{ctx: ctx, program: p, settings: s.withDerived(), secrets: found}
	for _, layer := range []func() error{
		d.provide, d.check, d.google, d.network, d.keys, d.accounts, d.stores, d.cluster, d.image, d.grants,
		d.isolation, d.armor, d.workload, d.ingress, d.observe,
	} {
		if err := layer(); err != nil {
			return nil, fmt.Errorf("stack %s: %w", ctx.Stack(), err)
		}
	}
	return d.outputs(), nil
}

// withDerived returns the settings with everything filled in that follows from
// settings of other layers.
func (s Settings) withDerived() Settings {
	s.Kubernetes.Cluster.Location = s.clusterLocation()
	if len(s.Identity.AuthorizedDomains) == 0 && !s.Identity.ExistingConfig {
		s.Identity.AuthorizedDomains = []string{s.Platform.Domain, s.Platform.LicenseHost()}
	}
	if s.Platform.Lockdown {
		s.Identity.SignInSuspended, s.Identity.SigningSuspended = true, true
	}
	return s
}

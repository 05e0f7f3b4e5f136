package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
)

// Planner is a Program that knows what it declares.
type Planner interface {
	// Planned returns the URNs of everything that a stack declares.
	Planned(root, stack string) ([]string, error)
}

func (a *app) runPreviewOne(ctx context.Context, stack string) (err error) {
	root, err := projectRoot()
	if err != nil {
		return err
	}
	o := pluginpreview.Options{Stack: stack}
	if o.Settings, err = os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml")); err != nil {
		return fmt.Errorf("read the settings of stack %s: %w", stack, err)
	}
	if o.Plugins, err = plugins(ctx); err != nil {
		return err
	}
	if o.Command, err = toolchain.Pulumi(ctx, root, a.out.note); err != nil {
		return err
	}
	if o.Dir, err = os.MkdirTemp("", "license-platform-preview-"); err != nil {
		return fmt.Errorf("make a folder for the preview's state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	program := a.load(root)
	o.Program = program.Deploy
	var report pluginpreview.Report
	if err := a.out.during("preview "+stack, func() (err error) {
		report, err = pluginpreview.Preview(ctx, o)
		return err
	}); err != nil {
		a.printRequests(stack, report)
		return err
	}
	a.out.line("%s: %d to create", a.out.bold(stack), len(report.Planned))
	a.printRequests(stack, report)
	if len(report.Refused) > 0 {
		return fmt.Errorf("the preview of stack %s made calls that were refused: %s", stack, strings.Join(report.Refused, ", "))
	}
	planner, knows := program.(Planner)
	if !knows {
		return nil
	}
	known, err := planner.Planned(root, stack)
	if err != nil {
		return fmt.Errorf("plan stack %s: %w", stack, err)
	}
	return compared(stack, pluginpreview.Compare(report.Planned, known))
}

// printRequests prints the warnings and the calls to Google.
func (a *app) printRequests(stack string, report pluginpreview.Report) {
	for _, warning := range report.Warnings {
		a.out.line("%s: warning: %s", stack, warning)
	}
	for _, asked := range report.Answered {
		a.out.line("%s: answered on this machine: %s", stack, asked)
	}
	for _, asked := range report.Refused {
		a.out.line("%s: %s %s", stack, a.out.red("refused:"), asked)
	}
}

func compared(stack string, d pluginpreview.Difference) error {
	var differs []error
	for _, urn := range d.Missing {
		differs = append(differs, fmt.Errorf("stack %s: declared, but not planned by the engine: %s", stack, urn))
	}
	for _, urn := range d.Unexpected {
		differs = append(differs, fmt.Errorf("stack %s: planned by the engine, but not declared: %s", stack, urn))
	}
	return errors.Join(differs...)
}

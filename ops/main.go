// Command ops answers questions about a stack from its plan, which it makes
// without an account, a network or a state: does it pass the security checklist,
// what does it cost, what does it declare.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/ops/checklist"
	"github.com/coditect-ai/license-platform/ops/cost"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func main() {
	if err := command(os.Stdout).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "ops:", err)
		os.Exit(1)
	}
}

// flagValues are the flags that every command has.
type flagValues struct{ stack, format, settings string }

func command(out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use: "ops", Short: "Check a stack by its plan, without an account", SilenceUsage: true, SilenceErrors: true,
	}
	root.SetOut(out)
	root.AddCommand(checklistCommand(), costCommand())
	return root
}

// flags adds the flags that every command has.
func flags(c *cobra.Command, formats string) *flagValues {
	a := &flagValues{}
	c.Flags().StringVar(&a.stack, "stack", "prod", "the stack, by its settings Pulumi.STACK.yaml")
	c.Flags().StringVar(&a.format, "format", "text", "what to print: "+formats)
	c.Flags().StringVar(&a.settings, "settings", ".", "a folder in the module, whose root holds the stacks' settings")
	c.Args = cobra.NoArgs
	return a
}

// write prints in the chosen format.
func (a *flagValues) write(out io.Writer, formats map[string]func(io.Writer) error) error {
	write, known := formats[a.format]
	if !known {
		return fmt.Errorf("--format %q is not known; see --help", a.format)
	}
	return write(out)
}

func checklistCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "checklist",
		Short: "The design's security checklist and its score; fails if an item fails",
	}
	a := flags(c, "text, markdown, summary, json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		root, err := plan.Root(a.settings)
		if err != nil {
			return err
		}
		plans, err := checklist.PlansOf(root, a.stack)
		if err != nil {
			return err
		}
		report := checklist.New(plans)
		if err := a.write(c.OutOrStdout(), map[string]func(io.Writer) error{
			"text": report.Text, "markdown": report.Markdown, "summary": report.Summary, "json": report.JSON,
		}); err != nil {
			return err
		}
		if failed := report.Failed(); len(failed) > 0 {
			return fmt.Errorf("stack %s fails %s: %w", a.stack, strings.Join(failed, ", "), errItemFailed)
		}
		return nil
	}
	return c
}

// errItemFailed makes the command's exit code 1.
var errItemFailed = errors.New("the checklist does not pass")

func costCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "cost",
		Short: "What a stack costs a month: an estimate from Google's list prices",
	}
	a := flags(c, "text, markdown, json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		root, err := plan.Root(a.settings)
		if err != nil {
			return err
		}
		made, err := plan.Make(root, a.stack)
		if err != nil {
			return fmt.Errorf("plan stack %s: %w", a.stack, err)
		}
		prices, err := cost.Listed()
		if err != nil {
			return err
		}
		estimate, err := cost.Of(made, prices)
		if err != nil {
			return err
		}
		return a.write(c.OutOrStdout(), map[string]func(io.Writer) error{
			"text": estimate.Text, "markdown": estimate.Markdown, "json": estimate.JSON,
		})
	}
	return c
}

// Command publish writes what the pipeline's previews found as Markdown, and puts it into
// one comment of a pull request or one issue. It needs no cloud and compiles in seconds.
package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/ops/github"
)

func main() {
	if err := command(os.Stdout, os.Getenv).Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func command(out io.Writer, environment func(string) string) *cobra.Command {
	root := &cobra.Command{Use: "publish", Short: "Write the results of the pipeline", SilenceUsage: true, SilenceErrors: true}
	root.SetOut(out)
	root.AddCommand(reportCommand(), driftCommand(), commentCommand(environment), issueCommand(environment), newestCommand(environment))
	return root
}

// repository is the one that the workflow runs for.
// https://docs.github.com/actions/reference/workflows-and-actions/variables
func repository(environment func(string) string) (github.Repository, error) {
	r := github.Repository{
		API: cmp.Or(environment("GITHUB_API_URL"), "https://api.github.com"), Name: environment("GITHUB_REPOSITORY"),
		Token: environment("GITHUB_TOKEN"), Client: http.DefaultClient,
	}
	if r.Name == "" || r.Token == "" {
		return r, fmt.Errorf("GITHUB_REPOSITORY and GITHUB_TOKEN must be set, as they are in a workflow")
	}
	return r, nil
}

func reportCommand() *cobra.Command {
	var f files
	c := &cobra.Command{Use: "report", Short: "A stack's part of the comment", Args: cobra.NoArgs}
	c.Flags().StringVar(&f.stack, "stack", "", "the stack's name")
	c.Flags().StringVar(&f.preview, "preview", "", "what pulumi preview printed")
	c.Flags().StringVar(&f.inventory, "inventory", "", "the difference of the reviewed inventory")
	c.Flags().StringVar(&f.checklist, "checklist", "", "the checklist's summary")
	c.RunE = func(c *cobra.Command, _ []string) error { return f.report(c.OutOrStdout()) }
	return c
}

func driftCommand() *cobra.Command {
	var f files
	c := &cobra.Command{Use: "drift", Short: "A stack's part of the issue", Args: cobra.NoArgs}
	c.Flags().StringVar(&f.stack, "stack", "", "the stack's name")
	c.Flags().StringVar(&f.preview, "preview", "", "what pulumi preview --refresh printed")
	c.RunE = func(c *cobra.Command, _ []string) error { return f.drift(c.OutOrStdout()) }
	return c
}

func commentCommand(environment func(string) string) *cobra.Command {
	c := &cobra.Command{Use: "comment REPORT...", Short: "Write the reports into the pull request's comment", Args: cobra.MinimumNArgs(1)}
	number := c.Flags().Int("pull-request", 0, "the pull request's number")
	c.RunE = func(c *cobra.Command, paths []string) error {
		r, err := repository(environment)
		if err != nil {
			return err
		}
		text, err := joined(paths)
		if err != nil {
			return err
		}
		return r.Comment(c.Context(), *number, github.Marker("preview"), text)
	}
	return c
}

func issueCommand(environment func(string) string) *cobra.Command {
	c := &cobra.Command{Use: "issue", Short: "Open, bring up to date or close the issue about drift", Args: cobra.NoArgs}
	checks := c.Flags().String("checks", "", "the result of the checks: success, failure, cancelled or skipped")
	reports := c.Flags().String("reports", "", "the folder with the stacks' reports")
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := repository(environment)
		if err != nil {
			return err
		}
		paths, err := filepath.Glob(filepath.Join(*reports, "*.md"))
		if err != nil {
			return err
		}
		text, err := joined(paths)
		if err != nil {
			return err
		}
		if *checks != "success" {
			text += "A check itself ended with \"" + *checks + "\": see the workflow's log.\n"
		}
		if text == "" {
			return r.Close(c.Context(), github.Marker("drift"))
		}
		return r.Issue(c.Context(), github.Marker("drift"), "The cloud differs from the program", text)
	}
	return c
}

func newestCommand(environment func(string) string) *cobra.Command {
	c := &cobra.Command{Use: "newest", Short: "Fail unless a commit is the newest of its branch", Args: cobra.NoArgs}
	branch := c.Flags().String("branch", "main", "the branch")
	commit := c.Flags().String("commit", "", "the commit's hash")
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := repository(environment)
		if err != nil {
			return err
		}
		newest, err := r.Newest(c.Context(), *branch)
		if err != nil {
			return err
		}
		if newest != *commit {
			return fmt.Errorf("commit %s is not deployed: %s has a newer one, %s; approve the run of that one", *commit, *branch, newest)
		}
		return nil
	}
	return c
}

func joined(paths []string) (string, error) {
	slices.Sort(paths)
	var b strings.Builder
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		b.Write(content)
		b.WriteString("\n")
	}
	return b.String(), nil
}

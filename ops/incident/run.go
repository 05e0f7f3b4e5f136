package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
	"github.com/coditect-ai/license-platform/ops/incident/pagerduty"
	"github.com/coditect-ai/license-platform/ops/incident/response"
)

// routingKey is the environment variable with PagerDuty's routing key.
const routingKey = "PAGERDUTY_ROUTING_KEY"

// localStack is the stack that runs in the embedded cloud.
const localStack = "local"

// options are the command's flags.
type options struct {
	stack, reason, folder, local string
	since                        time.Duration
	execute, silent, urgent      bool
	keyFile, eventsURL           string
}

// Run is the command. getenv looks up an environment variable.
func Run(ctx context.Context, arguments []string, getenv func(string) string, out io.Writer) error {
	var o options
	command := &cobra.Command{
		Use:   "incident --stack STACK --reason WHY [--execute]",
		Short: "Save the evidence, take a backup, lock the license API down, page",
		Long: `Save the evidence, take a backup, lock the license API down, page the on-call engineer, and write a timeline.
Without --execute nothing is touched: every step is shown with the commands it would run.
--folder continues a response that was interrupted, or that has a failed step.`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error { return o.respond(command.Context(), getenv, out) },
	}
	command.SetArgs(arguments)
	command.SetOut(out)
	f := command.Flags()
	f.StringVar(&o.stack, "stack", "", "the stack: prod, dev, or local for the embedded cloud")
	f.StringVar(&o.reason, "reason", "", "why, in one line; it is written on the backup, the page and the timeline")
	f.BoolVar(&o.execute, "execute", false, "execute the steps; without this flag they are only shown")
	f.BoolVar(&o.urgent, "urgent", false, "lock down first: the attack goes on, and evidence and backup take minutes")
	f.StringVar(&o.folder, "folder", "", "the incident's folder; the response in an existing one is continued (default: a new one below incidents/)")
	f.DurationVar(&o.since, "since", 24*time.Hour, "how far back the evidence goes")
	f.StringVar(&o.local, "dir", ".local", "with --stack local: folder of the embedded cloud")
	f.StringVar(&o.keyFile, "routing-key-file", "", "file with PagerDuty's routing key (default: the variable "+routingKey+")")
	f.StringVar(&o.eventsURL, "events-url", pagerduty.URL, "where pages go: https, or http to this machine")
	f.BoolVar(&o.silent, "no-page", false, "send no page")
	return command.ExecuteContext(ctx)
}

func (o *options) respond(ctx context.Context, getenv func(string) string, out io.Writer) error {
	if o.stack == "" || strings.TrimSpace(o.reason) == "" || strings.ContainsAny(o.reason, "\r\n") || o.since <= 0 {
		return errors.New("--stack and --reason (one line) are needed, and --since is longer than 0; see --help")
	}
	now := time.Now().UTC()
	if o.folder == "" {
		o.folder = filepath.Join("incidents", now.Format("2006-01-02T150405Z")+"-"+o.stack)
	}
	pager, err := o.pager(getenv)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "incident")
	if err != nil {
		return fmt.Errorf("make a folder for the cluster's access: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }() // holds no secret: gcloud signs in each time
	where, err := o.cloud(ctx, scratch)
	if err != nil {
		return err
	}
	r := &response.Response{
		Cloud: where, Pager: pager, Stack: o.stack, Reason: o.reason, Since: now.Add(-o.since), Dir: o.folder, Out: out, Now: time.Now, Urgent: o.urgent,
	}
	if !o.execute {
		return r.Plan()
	}
	err = r.Run(ctx)
	_, _ = fmt.Fprintf(out, "\neverything is in %s; begin with timeline.md\n", o.folder) // the files count, not the words
	return err
}

func (o *options) cloud(ctx context.Context, scratch string) (cloud.Cloud, error) {
	if o.stack == localStack {
		root, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find the project: %w", err)
		}
		return cloud.NewLocal(cloud.Run, o.local, root)
	}
	return cloud.NewGoogle(ctx, cloud.Run, o.stack, filepath.Join(scratch, "kubeconfig"))
}

// pager needs a key before anything is done, so that a response does not find
// out at its end that nobody hears of it. A dry run needs none.
func (o *options) pager(getenv func(string) string) (response.Pager, error) {
	if o.silent {
		return nil, nil
	}
	at, err := url.Parse(o.eventsURL)
	if err != nil || at.Scheme != "https" && !(at.Scheme == "http" && at.Hostname() == "127.0.0.1") {
		return nil, fmt.Errorf("--events-url %q would send the routing key in the clear: https is allowed, and http to 127.0.0.1", o.eventsURL)
	}
	key := getenv(routingKey)
	if o.keyFile != "" {
		content, err := os.ReadFile(o.keyFile)
		if err != nil {
			return nil, fmt.Errorf("read the routing key: %w", err)
		}
		key = string(content)
	}
	key = strings.TrimSpace(key)
	if key == "" && !o.execute {
		key = strings.Repeat("0", 32)
	}
	if key == "" {
		return nil, fmt.Errorf("no page can be sent: set %s, give --routing-key-file, or give --no-page", routingKey)
	}
	client, err := pagerduty.New(key)
	if err != nil {
		return nil, err
	}
	client.URL = o.eventsURL
	return client, nil
}

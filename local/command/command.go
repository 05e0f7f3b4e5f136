// Package command is the command line of the embedded cloud.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/host/address"
)

// Program is the project's Pulumi program.
type Program interface {
	// Deploy is run by the engine.
	Deploy(ctx *pulumi.Context) error
	// Prepare does what takes long and needs nothing else, so that it can be done
	// while the embedded cloud starts. It may be left out.
	Prepare(ctx context.Context) error
}

// Load returns the program of the project in the folder root.
type Load func(root string) Program

// defaultEdgePort is where the load balancer listens unless told otherwise.
const defaultEdgePort = 8443

// app is what the commands share.
type app struct {
	load   Load
	out    *printer
	warned sync.Map // texts

	// flags
	dir           string
	edgePort      int
	loopbackBlock int
	config        []string
	targets       []string
	verbose       bool
	takesOver     bool
	skipsPreview  bool
}

// New makes the command line. load finds what `up` and `preview` run.
func New(load Load, out, errors io.Writer) *cobra.Command {
	a := &app{load: load, out: newPrinter(out, errors)}
	root := &cobra.Command{
		Use:           "local",
		Short:         "Run the license platform's Pulumi program on this machine, against an embedded cloud",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(errors)
	root.SetFlagErrorFunc(flagMistake)
	root.PersistentFlags().StringVar(&a.dir, "dir", "", "folder of the embedded cloud (default: .local in the project)")
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "a line for every resource")
	for _, command := range []*cobra.Command{
		a.up(), a.preview(), a.refresh(), a.status(), a.down(), a.token(), a.tools(),
		a.attack(), a.fail(), a.heal(), a.alerts(), a.drift(), a.kubectl(), a.previewReal(), a.previewOne(),
	} {
		command.RunE = newInterruption().bound(command.RunE)
		root.AddCommand(command)
	}
	root.AddCommand(a.daemon(), a.sandbox()) // who has started them ends them
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if command.Flags().Changed("dir") && a.dir == "" {
			return errEmptyDir
		}
		return nil
	}
	return root
}

// edgeFlags adds the flags that decide where things listen.
func (a *app) edgeFlags(command *cobra.Command) {
	command.Flags().IntVar(&a.edgePort, "edge-port", 0, "port of the load balancer on 127.0.0.1 (default 8443, or EDGE_PORT)")
	command.Flags().IntVar(&a.loopbackBlock, "loopback-block", 0, fmt.Sprintf("use 127.BLOCK.0.0/16 for all services, %d to %d (default: a free one)", address.FirstBlock, address.LastBlock))
	a.configFlag(command)
}

func (a *app) configFlag(command *cobra.Command) {
	command.Flags().StringArrayVar(&a.config, "config", nil, "replace a setting for this run, for example armor.rateLimit.count=50")
}

func (a *app) targetFlag(command *cobra.Command) {
	command.Flags().StringArrayVar(&a.targets, "target", nil, "touch only this resource, by its URN or a pattern like '**sqli*'; can be given again")
}

// errEmptyDir refuses a folder whose name a script has not set.
var errEmptyDir = errors.New("--dir is empty: name a folder, or leave --dir out for .local in the project")

// errNoProject says that the current folder is not inside the project.
var errNoProject = errors.New("this is not the license platform's project: run it in the folder that has Pulumi.local.yaml, or below")

// projectRoot finds the project that the current folder belongs to.
func projectRoot() (string, error) {
	dir, err := currentFolder()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.local.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errNoProject
		}
		dir = parent
	}
}

// folder returns the embedded cloud's folder as an absolute path.
func (a *app) folder() (string, error) {
	if a.dir != "" {
		return withoutLinks(a.dir)
	}
	root, err := projectRoot()
	if err != nil {
		return "", err
	}
	return withoutLinks(filepath.Join(root, ".local"))
}

// wantedEdgePort is the port from the flag, else from EDGE_PORT, else 0.
func (a *app) wantedEdgePort() (int, error) {
	if a.edgePort != 0 {
		return a.edgePort, nil
	}
	text := os.Getenv("EDGE_PORT")
	if text == "" {
		return 0, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("EDGE_PORT is %q: it has to be a port, 1 to 65535", text)
	}
	return port, nil
}

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, load Load, arguments []string, out, errors io.Writer) int {
	checked := &checkedWriter{Writer: out}
	root := New(load, checked, errors)
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = checked.failed()
	}
	if err != nil {
		fmt.Fprintf(errors, "error: %v\n", err)
		return 1
	}
	return 0
}

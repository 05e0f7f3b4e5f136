// Package engine runs a Pulumi program through the real engine by the
// Automation API: inline program, state in files, secrets under a generated
// passphrase, and the embedded cloud's own providers instead of plugins.
package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the project and of the stack that the embedded cloud runs.
const (
	Project = "license-platform"
	Stack   = "local"
)

// Options say what to run and with what.
type Options struct {
	// Dir is the embedded cloud's folder, .local by default.
	Dir string
	// Stack is the stack to run; the embedded cloud's own when empty.
	Stack string
	// Command is the Pulumi CLI.
	Command auto.PulumiCommand
	// Program is the Pulumi program.
	Program pulumi.RunFunc
	// Providers maps a provider's name to the port on loopback where it is served.
	Providers map[string]int
	// Settings is the stack's committed settings file, as YAML.
	Settings []byte
	// Overrides replace settings in the generated copy, by their full key.
	Overrides map[string]any
	// Secrets are settings that only ever exist encrypted, by their full key.
	Secrets map[string]string
	// Environment is added to the environment of the CLI and of the plugins that it
	// starts.
	Environment map[string]string
	// Warn is told every warning of the engine, the program and the providers; nil
	// tells nobody.
	Warn func(string)
}

// Engine is a stack that is ready to be previewed, updated and destroyed.
type Engine struct {
	layout layout
	stack  auto.Stack
	warn   func(string)
}

// Open generates the workspace below o.Dir and selects the stack in it, creating
// it on first use.
func Open(ctx context.Context, o Options) (*Engine, error) {
	layout := layout{dir: o.Dir, stack: cmp.Or(o.Stack, Stack)}
	if err := layout.make(); err != nil {
		return nil, err
	}
	secrets, err := layout.secrets()
	if err != nil {
		return nil, err
	}
	if err := layout.settings(ctx, o, secrets); err != nil {
		return nil, err
	}
	options := []auto.LocalWorkspaceOption{
		auto.WorkDir(layout.workspace()),
		auto.PulumiHome(layout.home()),
		auto.Pulumi(o.Command),
		auto.SecretsProvider("passphrase"),
		auto.EnvVars(environment(layout, secrets.passphrase, o)),
		auto.Project(workspace.Project{
			Name:    tokens.PackageName(Project),
			Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Main:    layout.workspace(),
		}),
	}
	open := auto.NewStackInlineSource
	if layout.hasStack() {
		open = auto.SelectStackInlineSource
	}
	stack, err := open(ctx, layout.stack, Project, o.Program, options...)
	if err != nil {
		return nil, fmt.Errorf("open the stack: %w", plainly(err))
	}
	return &Engine{layout: layout, stack: stack, warn: o.Warn}, nil
}

func environment(l layout, passphrase string, o Options) map[string]string {
	var attached []string
	for _, name := range slices.Sorted(maps.Keys(o.Providers)) {
		attached = append(attached, fmt.Sprintf("%s:%d", name, o.Providers[name]))
	}
	all := map[string]string{
		"PULUMI_BACKEND_URL": (&url.URL{Scheme: "file", Path: l.state()}).String(),
		// The CLI takes this variable before any file, so whatever the user has set
		// for other stacks is replaced.
		"PULUMI_CONFIG_PASSPHRASE":                    passphrase,
		"PULUMI_DEBUG_PROVIDERS":                      strings.Join(attached, ","),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_SELF_MANAGED_STATE_NO_LEGACY_WARNING": "true",
	}
	maps.Copy(all, o.Environment)
	return all
}

// layout knows where the engine's files lie below the embedded cloud's folder.
type layout struct{ dir, stack string }

func (l layout) workspace() string  { return filepath.Join(l.dir, "workspace") }
func (l layout) state() string      { return filepath.Join(l.dir, "state") }
func (l layout) home() string       { return filepath.Join(l.dir, "pulumi") }
func (l layout) passphrase() string { return filepath.Join(l.dir, "passphrase") }

func (l layout) make() error {
	for _, dir := range []string{l.dir, l.workspace(), l.state(), l.home()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the embedded cloud's folder: %w", err)
		}
	}
	return nil
}

func (l layout) stackFile() string {
	return filepath.Join(l.state(), ".pulumi", "stacks", Project, l.stack+".json")
}

func (l layout) hasStack() bool {
	_, err := os.Stat(l.stackFile())
	return err == nil
}

// CheckState says whether the engine's state, if there is any, can be read.
func CheckState(dir string) error {
	l := layout{dir: dir, stack: Stack}
	content, err := os.ReadFile(l.stackFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the engine's state: %w", err)
	}
	if !json.Valid(content) {
		return fmt.Errorf("the engine's state %s is damaged; 'make down' removes it with everything it describes, then 'make up' starts afresh", l.stackFile())
	}
	return nil
}

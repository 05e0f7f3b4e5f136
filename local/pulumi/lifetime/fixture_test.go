package lifetime_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// fixture is one of the committed stacks, its state, and its cloud.
type fixture struct {
	name, root, dir string
	// stack is the stack's name in the state: that of its file, unless it was renamed.
	stack   string
	cloud   *memory.Cloud
	servers map[string]*provider.Server
	ports   map[string]int
	// settings are those of the stack's file that a test gives another value, by their full key.
	settings map[string]any
}

func newFixture(t *testing.T, name string) *fixture {
	t.Helper()
	root, err := plan.Root(".")
	require.NoError(t, err)
	cloud, err := plan.NewCloud(name)
	require.NoError(t, err)
	w := &fixture{name: name, stack: name, root: root, dir: t.TempDir(), cloud: cloud, servers: cloud.Providers(), ports: map[string]int{}, settings: map[string]any{}}
	for name, served := range w.servers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := grpc.NewServer()
		pulumirpc.RegisterResourceProviderServer(server, served)
		go func() { _ = server.Serve(listener) }() // ends with Stop
		t.Cleanup(server.Stop)
		w.ports[name] = listener.Addr().(*net.TCPAddr).Port
	}
	return w
}

// set gives one setting below a section, such as "license-platform:data", another value.
func (w *fixture) set(t *testing.T, section string, path []string, value any) {
	t.Helper()
	key := "license-platform:" + section
	if w.settings[key] == nil {
		w.settings[key] = w.committed(t)[key]
	}
	at, _ := w.settings[key].(map[string]any)
	if at == nil {
		at = map[string]any{}
		w.settings[key] = at
	}
	for _, part := range path[:len(path)-1] {
		below, _ := at[part].(map[string]any)
		if below == nil {
			below = map[string]any{}
			at[part] = below
		}
		at = below
	}
	at[path[len(path)-1]] = value
}

func (w *fixture) committed(t *testing.T) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.root, "Pulumi."+w.name+".yaml"))
	require.NoError(t, err)
	config, err := stackfile.Config(w.name, content)
	require.NoError(t, err)
	return config
}

// open makes the engine ready for today's program with the settings as they are now.
func (w *fixture) open(t *testing.T) *engine.Engine {
	t.Helper()
	opened, err := open(t.Context(), w.root, w.dir, w.name, w.stack, w.ports, w.settings)
	require.NoError(t, err)
	return opened
}

// open makes the engine ready for the program of a stack: its file, by name, is in root, its
// state in dir.
func open(ctx context.Context, root, dir, name, stackName string, ports map[string]int, settings map[string]any) (*engine.Engine, error) {
	command, err := toolchain.Pulumi(ctx, root, func(string) {})
	if err != nil {
		return nil, err
	}
	file, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, engine.Options{
		Dir: dir, Stack: stackName, Command: command, Program: func(ctx *pulumi.Context) error { return stack.With(images{}).Deploy(ctx) },
		Providers: ports, Settings: file, Overrides: settings,
		Secrets: map[string]string{"license-platform:migrationPassword": plan.MigrationPassword},
	})
}

// up updates the stack and counts the changes of resources by operation.
func (w *fixture) up(t *testing.T) (map[string]int, error) {
	t.Helper()
	changes := map[string]int{}
	_, err := w.open(t).Up(t.Context(), count(changes))
	return changes, err
}

// count adds up what is done to resources.
func count(changes map[string]int) func(engine.Step) {
	return func(s engine.Step) {
		if s.Phase == engine.Done && s.Custom && s.Changes() {
			changes[s.Op]++
		}
	}
}

// images are published nowhere.
type images struct{}

var _ stack.Images = images{}

// Digest implements stack.Images.
func (images) Digest(context.Context, string) (string, error) { return plan.Digest, nil }

// Push implements stack.Images.
func (images) Push(_ context.Context, _ string, to stack.Place) error { return published(to) }

// Copy implements stack.Images.
func (images) Copy(_ context.Context, _ string, to stack.Place) error { return published(to) }

func published(to stack.Place) error {
	if to.Repository == "" || to.Tag == "" {
		return errors.New("an image without a place")
	}
	return nil
}

package engine_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// thing is a kind of resource for these tests: it has a name and a size, and its
// address is computed.
func thing() provider.Kind {
	return provider.Kind{
		Type: "gcp:test/thing:Thing", NameProperty: "name",
		Fields:   provider.Fields{"size": {Required: true}, "name": {Fixed: true}, "shape": {Fixed: true}},
		Computed: []string{"address"}, Secret: []string{"password"},
		ID: func(d *provider.Draft) string { return d.Project() + "/" + d.Inputs.Text("name") },
		Check: func(d *provider.Draft) []provider.Failure {
			if size, known := d.Inputs.Number("size"); known && size > 10 {
				return []provider.Failure{provider.Refuse("size", "Error 400: size %v is over 10", size)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["address"] = "10.0.0.1"
			return nil
		},
	}
}

type thingResource struct {
	pulumi.CustomResourceState
	Address pulumi.StringOutput `pulumi:"address"`
}

// program declares one thing of the size in the setting "size".
func program(size int, names ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var google struct{ pulumi.ProviderResourceState }
		if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google); err != nil {
			return err
		}
		for _, name := range names {
			var made thingResource
			inputs := pulumi.Map{"name": pulumi.String(name), "size": pulumi.Int(size), "password": pulumi.ToSecret(pulumi.String("hush-" + name))}
			if err := ctx.RegisterResource("gcp:test/thing:Thing", name, inputs, &made, pulumi.Provider(&google)); err != nil {
				return err
			}
			ctx.Export(name, made.Address)
		}
		value, _ := ctx.GetConfig("license-platform:greeting")
		ctx.Export("greeting", pulumi.String(value))
		return nil
	}
}

// fixture is a provider in this process and a folder for the engine.
type fixture struct {
	dir   string
	store *store.Store
	port  int
}

func newFixture(t *testing.T) fixture { return newFixtureOf(t, thing()) }

func newFixtureOf(t *testing.T, kind provider.Kind) fixture {
	t.Helper()
	dir := t.TempDir()
	s := store.New()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, provider.NewServer("gcp", "0.0.0", s, []provider.Kind{kind}, nil))
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	return fixture{dir: dir, store: s, port: listener.Addr().(*net.TCPAddr).Port}
}

func (w fixture) open(t *testing.T, run pulumi.RunFunc) *engine.Engine {
	t.Helper()
	return w.openWith(t, run, "config:\n  license-platform:greeting: hello\n")
}

func (w fixture) openWith(t *testing.T, run pulumi.RunFunc, settings string) *engine.Engine {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	command, err := toolchain.Pulumi(t.Context(), root, func(text string) { t.Log(text) })
	require.NoError(t, err)
	opened, err := engine.Open(t.Context(), engine.Options{
		Dir: w.dir, Command: command, Program: run, Providers: map[string]int{"gcp": w.port},
		Settings: []byte(settings),
		Secrets:  map[string]string{"license-platform:password": "correct horse"},
	})
	require.NoError(t, err)
	return opened
}

// tally counts what was done, by operation.
func tally(counts map[string]int) func(engine.Step) {
	return func(s engine.Step) {
		if s.Custom && s.Type == "gcp:test/thing:Thing" && s.Phase != engine.Started {
			counts[s.Op+" "+string(s.Phase)]++
		}
	}
}

func TestTheRealEngineWorksOnOurProviders(t *testing.T) {
	t.Parallel()
	w := newFixture(t)

	first := map[string]int{}
	outputs, err := w.open(t, program(3, "one", "two")).Up(t.Context(), tally(first))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"create done": 2}, first)
	assert.Equal(t, engine.Outputs{"one": "10.0.0.1", "two": "10.0.0.1", "greeting": "hello"}, outputs)
	assert.Len(t, w.store.List(), 2)

	again := map[string]int{}
	_, err = w.open(t, program(3, "one", "two")).Up(t.Context(), tally(again))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"same done": 2}, again, "a second up changes nothing")

	var found []engine.Step
	require.NoError(t, w.open(t, program(4, "one", "two")).Preview(t.Context(), func(s engine.Step) {
		if s.Phase == engine.Started && s.Changes() && s.Custom {
			found = append(found, s)
		}
	}))
	require.Len(t, found, 2)
	assert.Equal(t, map[string]string{"size": "update"}, found[0].Diff)

	_, err = w.open(t, program(11, "one")).Up(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, err, "Error 400: size 11 is over 10")
	assert.NotContains(t, err.Error(), "code: 255", "the engine's own words, not the CLI's dump")

	require.NoError(t, w.store.Delete("gcp:test/thing:Thing", "p/two"))
	opened := w.open(t, program(3, "one", "two"))
	require.NoError(t, opened.Refresh(t.Context(), func(engine.Step) {}))
	healed := map[string]int{}
	_, err = opened.Up(t.Context(), tally(healed))
	require.NoError(t, err)
	assert.Equal(t, 1, healed["create done"], "what vanished is made again")

	require.NoError(t, opened.Destroy(t.Context(), func(engine.Step) {}))
	assert.Empty(t, w.store.List())
}

func TestASettingReachesTheProgramAsItWasWritten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	opened := w.openWith(t, program(3), "config:\n  license-platform:greeting: {off: true, on: no, country: NO}\n")
	outputs, err := opened.Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	assert.JSONEq(t, `{"off": true, "on": "no", "country": "NO"}`, outputs["greeting"].(string))
}

func TestNoSecretIsWrittenInPlainText(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, err := w.open(t, program(3, "one")).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	for _, part := range []string{"state", "workspace"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(w.dir, part), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			assert.NotContains(t, string(content), "correct horse", path)
			assert.NotContains(t, string(content), "hush-one", path)
			return err
		}))
	}
	for _, name := range []string{"passphrase", "salt"} {
		info, err := os.Stat(filepath.Join(w.dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestAStaleLockIsRemovedAndTheNextUpdateRuns(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, err := w.open(t, program(3, "one")).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	lock := filepath.Join(w.dir, "state", ".pulumi", "locks", "organization", engine.Project, engine.Stack, "dead.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(lock), 0o700))
	require.NoError(t, os.WriteFile(lock, []byte(`{"pid": 999999999}`), 0o600))
	_, err = w.open(t, program(3, "one")).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	assert.NoFileExists(t, lock)
}

func TestADamagedStateSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, engine.CheckState(dir), "no state is fine")
	path := filepath.Join(dir, "state", ".pulumi", "stacks", engine.Project, engine.Stack+".json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(`{"version": 3, "chec`), 0o600))
	require.ErrorContains(t, engine.CheckState(dir), "make down")
}

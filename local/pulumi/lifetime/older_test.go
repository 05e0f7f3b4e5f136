package lifetime_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// What tells this executable to bring a stack up, and where: so a later version's drill uses it.
const (
	bringUp    = "LIFETIME_STACK"
	bringUpDir = "LIFETIME_DIR"
	googlePort = "LIFETIME_GCP"
	objectPort = "LIFETIME_KUBERNETES"
)

// TestMain makes this executable the program of its own version, too, and the language plugin.
func TestMain(m *testing.M) {
	var err error
	switch name := os.Getenv(bringUp); {
	case filepath.Base(os.Args[0]) == languagePlugin:
		err = speakLanguage()
	case name != "":
		err = bringStackUp(context.Background(), name)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bringStackUp(ctx context.Context, name string) error {
	ports := map[string]int{}
	for provider, variable := range map[string]string{"gcp": googlePort, "kubernetes": objectPort} {
		port, err := strconv.Atoi(os.Getenv(variable))
		if err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
		ports[provider] = port
	}
	root, err := plan.Root(".")
	if err != nil {
		return err
	}
	opened, err := open(ctx, root, os.Getenv(bringUpDir), name, name, ports, nil)
	if err != nil {
		return err
	}
	_, err = opened.Up(ctx, func(engine.Step) {})
	return err
}

// released builds this package of the last released version, in a working tree of its own, and
// returns the folder to run it in.
func released(t *testing.T, root string) (program, folder string) {
	t.Helper()
	run := func(dir, name string, arguments ...string) (string, error) {
		command := exec.CommandContext(context.WithoutCancel(t.Context()), name, arguments...)
		command.Dir = dir
		output, err := command.CombinedOutput()
		return strings.TrimSpace(string(output)), err
	}
	commit, err := run(root, "git", "log", "-1", "--format=%H", "--", "stack/testdata/released")
	if err != nil || commit == "" {
		t.Skip("the history of this working tree does not have the last release: ", commit)
	}
	tree := filepath.Join(t.TempDir(), "tree")
	output, err := run(root, "git", "worktree", "add", "--detach", tree, commit)
	require.NoError(t, err, output)
	t.Cleanup(func() {
		output, err := run(root, "git", "worktree", "remove", "--force", tree)
		assert.NoError(t, err, output)
	})
	program = filepath.Join(t.TempDir(), "released.test")
	output, err = run(tree, "go", "test", "-c", "-o", program, "./local/pulumi/lifetime")
	require.NoError(t, err, output)
	return program, filepath.Join(tree, "local", "pulumi", "lifetime")
}

// TestDrillOfTheNextVersion brings the stacks up with the program and the settings of the last
// release, and then updates them with today's.
func TestDrillOfTheNextVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	root, err := plan.Root(".")
	require.NoError(t, err)
	program, folder := released(t, root)
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, name)
			w.cloud.Google.SSD = 1000 // its nodes had large disks
			older := exec.CommandContext(t.Context(), program)
			older.Dir = folder
			older.Env = append(os.Environ(), bringUp+"="+name, bringUpDir+"="+w.dir,
				fmt.Sprintf("%s=%d", googlePort, w.ports["gcp"]), fmt.Sprintf("%s=%d", objectPort, w.ports["kubernetes"]))
			output, err := older.CombinedOutput()
			require.NoError(t, err, string(output))

			require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
			var unsaid []string
			_, err = w.open(t).Up(t.Context(), func(s engine.Step) {
				// Each version has a migration of its own.
				if s.Phase == engine.Done && s.Custom && s.Type != "kubernetes:batch/v1:Job" && (s.Op == "delete" || strings.Contains(s.Op, "replace")) {
					unsaid = append(unsaid, s.Op+" "+s.URN)
				}
			})
			require.NoError(t, err)
			assert.Empty(t, unsaid)
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}

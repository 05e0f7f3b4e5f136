// Package stacktest runs the Pulumi program of a stack, with the stack's
// committed settings, against a cloud that only remembers, and answers questions
// about what was declared.
package stacktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/stack"
)

// Digest is that of the API's image, which is not built.
const Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Values of the secrets: a test can look for them where they must not be.
const (
	MigrationPassword = "migration-password-of-the-test"
	DatabasePassword  = "database-password-of-the-test"
	RedisAuth         = "auth-string-of-the-test"
)

// Stacks are all that the repository has settings for.
func Stacks() []string { return []string{"local", "dev", "prod"} }

// Change changes a run before it starts.
type Change func(*run)

// run is what a program is started with.
type run struct {
	settings map[string]any    // by key, without the project's name
	secrets  map[string]string // likewise
	preview  bool
}

// Set sets a setting, for example Set("network.nat", true). A key below a list
// cannot be set.
func Set(path string, value any) Change {
	return func(r *run) { put(r.settings, strings.Split(path, "."), value) }
}

// Unset removes a setting or a secret.
func Unset(path string) Change {
	return func(r *run) {
		keys := strings.Split(path, ".")
		delete(r.secrets, path)
		at := r.settings
		for _, key := range keys[:len(keys)-1] {
			at, _ = at[key].(map[string]any)
		}
		delete(at, keys[len(keys)-1])
	}
}

// Plain puts a value into the stack's file where a secret belongs.
func Plain(key, value string) Change {
	return func(r *run) {
		delete(r.secrets, key)
		r.settings[key] = value
	}
}

// Preview makes the run a preview.
func Preview() Change { return func(r *run) { r.preview = true } }

func put(at map[string]any, keys []string, value any) {
	if len(keys) == 1 {
		at[keys[0]] = value
		return
	}
	below, found := at[keys[0]].(map[string]any)
	if !found {
		below = map[string]any{}
		at[keys[0]] = below
	}
	put(below, keys[1:], value)
}

// Deploy runs the program for a stack and fails the test unless it succeeds.
func Deploy(t testing.TB, name string, changes ...Change) *Plan {
	t.Helper()
	plan, err := Try(t, name, changes...)
	require.NoError(t, err)
	return plan
}

// Try runs the program for a stack; the plan holds what was declared before an
// error.
func Try(t testing.TB, name string, changes ...Change) (*Plan, error) {
	t.Helper()
	r := &run{settings: committed(t, name), secrets: map[string]string{
		"migrationPassword": MigrationPassword, "databasePassword": DatabasePassword,
	}}
	for _, change := range changes {
		change(r)
	}
	cloud := &cloud{stack: name}
	images := &images{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		outputs, err := stack.With(images).Declare(ctx)
		if err != nil {
			return err
		}
		// A resource made of the outputs shows what they resolve to.
		return ctx.RegisterResource(outputsType, "outputs", outputs, &pulumi.ResourceState{})
	}, pulumi.WithMocks(project, name, cloud), r.option(t))
	return &Plan{Stack: name, Resources: cloud.resources, Pushed: images.pushed}, err
}

func (r *run) option(t testing.TB) pulumi.RunOption {
	t.Helper()
	config, secret := map[string]string{}, []string{}
	for key, value := range r.settings {
		text, plain := value.(string)
		if !plain {
			encoded, err := json.Marshal(value)
			require.NoError(t, err)
			text = string(encoded)
		}
		config[project+":"+key] = text
	}
	for key, value := range r.secrets {
		config[project+":"+key] = value
		secret = append(secret, project+":"+key)
	}
	return func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys, info.DryRun = config, secret, r.preview
	}
}

// project is the Pulumi project's name.
const project = "license-platform"

// committed reads Pulumi.NAME.yaml from the module's root.
func committed(t testing.TB, name string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(Root(t), "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.UnmarshalStrict(content, &file))
	settings := map[string]any{}
	for key, value := range file.Config {
		short, ours := strings.CutPrefix(key, project+":")
		require.True(t, ours, "Pulumi.%s.yaml: %s is no key of this project", name, key)
		settings[short] = value
	}
	return settings
}

// Root is the module's root.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "there is no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

// images hands out one digest and remembers where it was pushed.
type images struct{ pushed []string }

var errNoRepository = errors.New("a push needs a repository")

func (i *images) Digest(context.Context, string) (string, error) { return Digest, nil }

func (i *images) Push(_ context.Context, platform, repository, _ string) error {
	if repository == "" {
		return errNoRepository
	}
	i.pushed = append(i.pushed, fmt.Sprintf("%s %s", platform, repository))
	return nil
}

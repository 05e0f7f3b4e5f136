// Package plan runs the Pulumi program of a stack, with the stack's committed
// settings, against the emulator in memory, and answers questions about what was
// declared. What the providers refuse fails the run. It needs no account, no network and no state.
package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack"
)

// Digest is the digest of the API's image, which is not built.
const Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Values that stand for the stack's secrets: a test can look for them where
// they must not be.
const (
	MigrationPassword = "migration-password-of-the-test"
	RedisAuth         = "auth-string-of-the-test"
)

// OutputsType is the type of the resource that holds the program's outputs; its
// name is "outputs".
const OutputsType = "test:index:Outputs"

// Make runs the program of a stack whose settings are in the module's root. The
// plan holds what was declared before an error.
func Make(root, name string, changes ...Change) (*Plan, error) {
	settings, secrets, err := committed(root, name)
	if err != nil {
		return nil, err
	}
	secrets["migrationPassword"] = MigrationPassword
	r := &Run{settings: settings, secrets: secrets}
	for _, change := range changes {
		change(r)
	}
	option, err := r.option()
	if err != nil {
		return nil, err
	}
	existing, err := NewCloud(name)
	if err != nil {
		return nil, err
	}
	for _, present := range r.exists {
		if err := existing.Store.Put(present); err != nil {
			return nil, err
		}
	}
	images := &images{}
	run := &declared.Recorder{Stack: name, Cloud: &cloud{providers: existing.Providers(), found: r.found}, Edit: r.edit}
	err = run.Run(func(ctx *pulumi.Context) error {
		outputs, err := stack.With(images).Declare(ctx)
		if err != nil {
			return err
		}
		// A resource made of the outputs shows what they resolve to.
		return ctx.RegisterResource(OutputsType, "outputs", outputs, &pulumi.ResourceState{})
	}, option)
	return &Plan{Stack: name, Resources: run.Resources, Pushed: images.pushed}, plainly(err)
}

// edit gives a resource the other values of the run.
func (r *Run) edit(edited declared.Resource) declared.Resource {
	for _, change := range r.declared {
		if change.typ == edited.Type {
			edited, _ = edited.With(change.path, change.value)
		}
	}
	return edited
}

// plainly takes away what the SDK puts around the program's own errors: how many they
// are, in a list.
func plainly(err error) error {
	var several interface{ WrappedErrors() []error }
	if errors.As(err, &several) {
		return errors.Join(several.WrappedErrors()...)
	}
	return err
}

// option starts the program with the run's settings.
func (r *Run) option() (pulumi.RunOption, error) {
	config, secret := map[string]string{}, []string{}
	for key, value := range r.settings {
		text, plain := value.(string)
		if !plain {
			encoded, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("setting %s: %w", key, err)
			}
			text = string(encoded)
		}
		config[declared.Project+":"+key] = text
	}
	maps.Copy(config, r.keys)
	for key, value := range r.secrets {
		config[declared.Project+":"+key] = value
		secret = append(secret, declared.Project+":"+key)
	}
	return func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys, info.DryRun = config, secret, r.preview
	}, nil
}

// Root returns the module's root: the first folder with a go.mod at or above dir.
func Root(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the module's root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the module's root: there is no go.mod at or above %s", dir)
		}
		at = filepath.Dir(at)
	}
}

// images returns one digest and remembers where it was pushed.
type images struct {
	mu     sync.Mutex
	pushed []string
}

var _ stack.Images = (*images)(nil)

// Digest implements stack.Images.
func (*images) Digest(context.Context, string) (string, error) { return Digest, nil }

// Push implements stack.Images.
func (i *images) Push(_ context.Context, platform string, to stack.Place) error {
	return i.publish(platform, to)
}

// Copy implements stack.Images.
func (i *images) Copy(_ context.Context, from string, to stack.Place) error {
	return i.publish(from, to)
}

func (i *images) publish(what string, to stack.Place) error {
	if to.Repository == "" || to.Tag == "" {
		return errors.New("an image without a place")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pushed = append(i.pushed, what+" "+to.Repository+":"+to.Tag)
	return nil
}

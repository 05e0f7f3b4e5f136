package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// saltBytes is the length that Pulumi uses for its passphrase secrets.
const saltBytes = 8

// keeper encrypts settings the way Pulumi's passphrase secrets provider does.
// Doing it here saves the start of several CLI processes.
type keeper struct {
	passphrase string
	crypter    config.Crypter
	salt       string // the encryptionsalt of the stack's settings file
}

// secrets makes the passphrase on first use, or reads it.
func (l layout) secrets() (keeper, error) {
	passphrase, err := private(l.passphrase(), rand.Text)
	if err != nil {
		return keeper{}, err
	}
	salt, err := private(filepath.Join(l.dir, "salt"), func() string {
		random := make([]byte, saltBytes)
		_, _ = rand.Read(random) // never fails, says its documentation
		return base64.StdEncoding.EncodeToString(random)
	})
	if err != nil {
		return keeper{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return keeper{}, fmt.Errorf("the salt in %s is damaged: %w; 'make down' starts afresh", l.dir, err)
	}
	return keeper{passphrase: passphrase, crypter: config.NewSymmetricCrypterFromPassphrase(passphrase, raw), salt: salt}, nil
}

// private reads the file at path, or makes it for the owner alone.
func private(path string, generate func() string) (string, error) {
	content, err := os.ReadFile(path)
	if err == nil && len(bytes.TrimSpace(content)) > 0 {
		return string(bytes.TrimSpace(content)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	text := generate()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return text, nil
}

// Secret returns a random text that is made on first use and kept in dir, for a
// setting that the local stack needs and nobody should have to think of.
func Secret(dir, name string) (string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
		return "", fmt.Errorf("make the folder for secrets: %w", err)
	}
	return private(filepath.Join(dir, "secrets", name), rand.Text)
}

// settings writes the stack's settings file into the workspace: the committed
// one, the overrides, and the secrets encrypted.
func (l layout) settings(ctx context.Context, o Options, k keeper) error {
	all, err := stackfile.Config(l.stack, o.Settings)
	if err != nil {
		return err
	}
	maps.Copy(all, o.Overrides)
	for _, key := range slices.Sorted(maps.Keys(o.Secrets)) {
		encrypted, err := k.crypter.EncryptValue(ctx, o.Secrets[key])
		if err != nil {
			return fmt.Errorf("encrypt the setting %s: %w", key, err)
		}
		all[key] = map[string]any{"secure": encrypted}
	}
	probe, err := k.crypter.EncryptValue(ctx, "pulumi")
	if err != nil {
		return fmt.Errorf("encrypt the stack's salt: %w", err)
	}
	content, err := yaml.Marshal(map[string]any{
		"config":         all,
		"encryptionsalt": strings.Join([]string{"v1", k.salt, probe}, ":"),
	})
	if err != nil {
		return fmt.Errorf("encode the stack's settings: %w", err)
	}
	if err := os.WriteFile(filepath.Join(l.workspace(), "Pulumi."+l.stack+".yaml"), content, 0o600); err != nil {
		return fmt.Errorf("write the stack's settings: %w", err)
	}
	return nil
}

// Overlay merges values into an object setting of the committed file, so that
// an override does not lose its other fields.
func Overlay(settings []byte, key string, values map[string]any) (map[string]any, error) {
	config, err := stackfile.Config(Stack, settings)
	if err != nil {
		return nil, err
	}
	merged := map[string]any{}
	if found := config[key]; found != nil {
		object, isObject := found.(map[string]any)
		if !isObject {
			return nil, fmt.Errorf("the setting %s in Pulumi.%s.yaml is not an object", key, Stack)
		}
		merged = object
	}
	maps.Copy(merged, values)
	return merged, nil
}

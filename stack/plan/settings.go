package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Stacks are all that the repository has settings for.
func Stacks() []string { return []string{"local", "dev", "prod"} }

// placeholder stands for a secret that the stack's file holds encrypted.
const placeholder = "a-secret-that-stays-encrypted"

// committed reads Pulumi.NAME.yaml in root. What it holds encrypted stays so: a
// placeholder stands for it.
func committed(root, name string) (map[string]any, error) {
	if !slices.Contains(Stacks(), name) {
		return nil, fmt.Errorf("stack %q is not known; there are %s", name, strings.Join(Stacks(), ", "))
	}
	content, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the settings of stack %s: %w", name, err)
	}
	return parse(name, content)
}

func parse(name string, content []byte) (map[string]any, error) {
	var file struct {
		Config          map[string]any `json:"config"`
		SecretsProvider string         `json:"secretsprovider"`
		EncryptedKey    string         `json:"encryptedkey"`
		EncryptionSalt  string         `json:"encryptionsalt"`
	}
	if err := yaml.UnmarshalStrict(content, &file); err != nil {
		return nil, fmt.Errorf("read Pulumi.%s.yaml: %w", name, err)
	}
	settings := map[string]any{}
	for key, value := range file.Config {
		short, ours := strings.CutPrefix(key, project+":")
		if !ours {
			return nil, fmt.Errorf("read Pulumi.%s.yaml: %s is no key of this project; every key begins with %q", name, key, project+":")
		}
		if sealed(value) {
			continue // given as a secret
		}
		settings[short] = unencrypted(value)
	}
	return settings, nil
}

// sealed tells whether a value is one that `pulumi config set --secret` wrote.
func sealed(value any) bool {
	object, ok := value.(map[string]any)
	_, secure := object["secure"]
	return ok && secure && len(object) == 1
}

func unencrypted(value any) any {
	if sealed(value) {
		return placeholder
	}
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			value[key] = unencrypted(item)
		}
	case []any:
		for i, item := range value {
			value[i] = unencrypted(item)
		}
	}
	return value
}

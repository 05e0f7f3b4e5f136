package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// placeholder replaces a secret that is encrypted in the stack's file.
const placeholder = "a-secret-that-stays-encrypted"

// committed reads Pulumi.NAME.yaml in root: the settings and the secrets. Encrypted
// values are not decrypted: a placeholder replaces them.
func committed(root, name string) (settings map[string]any, secrets map[string]string, err error) {
	if !regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$`).MatchString(name) {
		return nil, nil, fmt.Errorf("stack %q is not a name of a stack; allowed: letters, digits, hyphens, underscores and dots", name)
	}
	content, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("stack %q is not known, as there is no Pulumi.%s.yaml; there are %s", name, name, listed(stackfile.Names(root)))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the settings of stack %s: %w", name, err)
	}
	return parse(name, content)
}

// listed names the stacks that there are.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func parse(name string, content []byte) (settings map[string]any, secrets map[string]string, err error) {
	config, err := stackfile.Config(name, content)
	if err != nil {
		return nil, nil, err
	}
	settings, secrets = map[string]any{}, map[string]string{}
	for key, value := range config {
		short, ours := strings.CutPrefix(key, declared.Project+":")
		switch {
		case strings.HasPrefix(key, "pulumi:"): // the engine's own
		case !ours:
			return nil, nil, fmt.Errorf("read Pulumi.%s.yaml: %s is not a key of this project; every key begins with %q", name, key, declared.Project+":")
		case sealed(value):
			secrets[short] = placeholder
		default:
			settings[short] = unencrypted(value)
		}
	}
	return settings, secrets, nil
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

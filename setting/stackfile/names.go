package stackfile

import (
	"path/filepath"
	"strings"
)

// Names are the stacks that have settings in the module's root: the NAME of every
// Pulumi.NAME.yaml, sorted.
func Names(root string) (names []string) {
	files, _ := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml")) // the pattern is valid
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// Package file replaces private files of the embedded cloud in one step.
package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file, and its folder where there is none, so that an interruption
// leaves the old content or the new one. Two callers must not replace one file at the
// same time.
func Replace(path string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	return nil
}

// Package file keeps private files of the embedded cloud, and replaces them in one step.
package file

import (
	"encoding/json"
	"errors"
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

// Matching are the files below a folder that match a pattern (path.Match); none when the
// folder does not exist. The folder's own name is not a pattern, whatever characters it has.
func Matching(folder, pattern string) ([]string, error) {
	names, err := fs.Glob(os.DirFS(folder), pattern)
	if err != nil {
		return nil, fmt.Errorf("look for %s in %s: %w", pattern, folder, err)
	}
	for i, name := range names {
		names[i] = filepath.Join(folder, name)
	}
	return names, nil
}

// LoadJSON decodes the file into a value, which stays as it is when there is no file;
// what is in it is for messages, such as "local secrets".
func LoadJSON(path, what string, into any) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the %s: %w", what, err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the file of the %s, %s, is damaged: %w", what, path, err)
	}
	return nil
}

// ReplaceJSON replaces the file by the value, which only its owner can read.
func ReplaceJSON(path, what string, value any) error {
	content, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return fmt.Errorf("encode the %s: %w", what, err)
	}
	if err := Replace(path, content, 0o600); err != nil {
		return fmt.Errorf("keep the %s: %w", what, err)
	}
	return nil
}

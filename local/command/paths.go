package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// withoutLinks is a path, absolute and with its links followed: the kernel names the folders and
// files of processes so. Its last parts need not exist yet.
func withoutLinks(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", path, err)
	}
	found, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		return found, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("find the folder %s: %w", path, err)
	}
	if target, err := os.Readlink(path); err == nil { // what it leads to is to be made
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		return withoutLinks(target)
	}
	parent, err := withoutLinks(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// currentFolder is the folder that the command runs in.
func currentFolder() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the current folder: %w", err)
	}
	return withoutLinks(here)
}

// relativeTo shortens a path below the current folder.
func relativeTo(path string) string {
	here, err := currentFolder()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return path
	}
	return short
}

// self is how this program is called again.
func self() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") { // by go run, which removes it
		return "go run ./local"
	}
	return quoted(relativeTo(path))
}

// quoted is a word in the quotes of a POSIX shell, for commands that are shown: a folder may
// have a space in its name.
func quoted(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

package command

import (
	"os"
	"path/filepath"
	"strings"
)

// relativeTo shortens a path below the current folder.
func relativeTo(path string) string {
	here, err := os.Getwd()
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

// quoted is a word as a POSIX shell takes it, for commands that are shown: a folder may have
// a space in its name.
func quoted(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

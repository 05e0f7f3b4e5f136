package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rooms are the folders of the embedded cloud from top to bottom, with the rooms that each
// may import.
func rooms() map[string][]string {
	return map[string][]string{
		"command":  {"daemon", "scenario", "report", "google", "cluster", "pulumi", "host"},
		"daemon":   {"scenario", "report", "google", "edge", "cluster", "host"},
		"scenario": {"report", "edge", "cluster"},
		"report":   {"edge"},
		"google":   {"edge", "host"},
		"edge":     {"host"},
		"cluster":  {"host"},
		"pulumi":   {"host"},
		"host":     nil,
	}
}

func TestARoomImportsOnlyRoomsBelowIt(t *testing.T) {
	t.Parallel()
	const prefix = "github.com/coditect-ai/license-platform/local/"
	found := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		room, _, within := strings.Cut(filepath.ToSlash(path), "/")
		if err != nil || entry.IsDir() || !within || room == "e2e" || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		allowed, known := rooms()[room]
		if !assert.True(t, known, "%s is in a folder that is not a room: add it to rooms and to README.md", path) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			rest, ours := strings.CutPrefix(imported, prefix)
			other, _, _ := strings.Cut(rest, "/")
			if !ours || other == room {
				continue
			}
			found[room] = append(found[room], other)
			assert.True(t, slices.Contains(allowed, other), "%s imports %s: the room %s stands above %s or beside it", path, imported, other, room)
		}
		return nil
	}))
	for room, allowed := range rooms() {
		for _, other := range allowed {
			assert.Contains(t, found[room], other, "%s does not import %s any more", room, other)
		}
	}
}

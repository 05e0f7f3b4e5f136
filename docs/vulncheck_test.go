package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vulndb is a folder with one made-up entry of Go's vulnerability database, about a
// function of the Redis client (go.dev/security/vuln/database#schema).
func vulndb(t *testing.T, function string) string {
	t.Helper()
	const module, id = "github.com/redis/go-redis/v9", "GO-2026-9999"
	type object = map[string]any
	content, err := json.Marshal(object{
		"schema_version": "1.3.1", "id": id, "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
		"summary": "made up", "details": "made up", "database_specific": object{"url": "https://pkg.go.dev/vuln/" + id},
		"affected": []object{{
			"package":            object{"name": module, "ecosystem": "Go"},
			"ranges":             []object{{"type": "SEMVER", "events": []object{{"introduced": "0"}}}},
			"ecosystem_specific": object{"imports": []object{{"path": module, "symbols": []string{function}}}},
		}},
	})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, id+".json"), content, 0o600))
	return dir
}

func TestDrillVulncheckFindsWhatTheProgramsCallAndSaysWhenItCannotLook(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads every function of the programs: make drills")
	}
	for _, c := range []struct {
		name, database string
		clean          bool
		says           string
	}{
		{"a function that the API calls", vulndb(t, "NewClient"), false, "GO-2026-9999"},
		{"a function that nobody calls", vulndb(t, "NewNothing"), true, "No vulnerabilities found."},
		{"no database", filepath.Join(t.TempDir(), "nowhere"), false, "nothing was checked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "make", "vulncheck", "VULNDB=file://"+c.database)
			command.Dir = root
			said, err := command.CombinedOutput()
			assert.Equal(t, c.clean, err == nil, "%s", said)
			assert.Contains(t, string(said), c.says)
		})
	}
}

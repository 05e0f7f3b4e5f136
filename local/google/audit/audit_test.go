package audit_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

func open(t *testing.T) (*audit.Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	log, err := audit.Open(path, "acme")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, log.Close()) })
	return log, path
}

func read(principal string, code codes.Code) audit.Call {
	return audit.Call{
		Log: audit.DataAccess, Service: "secretmanager.googleapis.com", Method: "AccessSecretVersion", Principal: principal, Code: code,
		Resource: "projects/acme/secrets/license-redis-auth/versions/1",
	}
}

func TestAnEntryIsOneThatTheDeclaredAlertsUnderstand(t *testing.T) {
	t.Parallel()
	log, path := open(t)
	var told []audit.Entry
	defer log.Watch(func(e audit.Entry) { told = append(told, e) })()
	require.NoError(t, log.Write(read("ann@acme.example", codes.OK)))
	require.NoError(t, log.Write(read("license-api@acme.iam.gserviceaccount.com", codes.OK)))
	require.NoError(t, log.Write(read("ann@acme.example", codes.PermissionDenied)))

	var filter *logfilter.Filter
	for _, a := range alert.All(alert.Subject{Secrets: []string{"license-redis-auth"}}, alert.Thresholds{}) {
		if a.Name == "SecretReadByPerson" {
			parsed, err := logfilter.Parse(a.Filter)
			require.NoError(t, err)
			filter = parsed
		}
	}
	require.NotNil(t, filter)
	require.Len(t, told, 3)
	assert.True(t, filter.Matches(told[0]), "a person read a secret")
	assert.False(t, filter.Matches(told[1]), "a service account may")
	assert.False(t, filter.Matches(told[2]), "who was refused has read nothing")
	assert.Equal(t, told[2], log.Recent()[0], "the newest comes first")

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	require.Len(t, lines, 3)
	var written audit.Entry
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &written))
	assert.Equal(t, told[0], written, "what is in the file is what was told")
}

func TestTheFileIsBounded(t *testing.T) {
	t.Parallel()
	log, path := open(t)
	call := read("ann@acme.example", codes.OK)
	call.Resource += strings.Repeat("x", 1<<20)
	for range 40 {
		require.NoError(t, log.Write(call))
	}
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	assert.Len(t, files, 2)
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(16<<20), file)
	}
}

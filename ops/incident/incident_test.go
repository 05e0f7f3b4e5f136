package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

// pagers stands for PagerDuty.
func pagers(t *testing.T) (url string, pages *[]map[string]any) {
	t.Helper()
	pages = &[]map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&event))
		*pages = append(*pages, event)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	return server.URL, pages
}

// TestAnIncidentFromTheFirstSuspicionToBusinessAsUsual is one story on a whole
// stack, told in order.
func TestAnIncidentFromTheFirstSuspicionToBusinessAsUsual(t *testing.T) {
	if testing.Short() {
		t.Skip("brings a whole stack up; left out by -short")
	}
	m := bringUp(t)
	token := m.must(t, "token")
	status, lease := m.acquire(t, m.edge(), token, "device-1")
	require.Equal(t, http.StatusCreated, status, lease)
	require.Equal(t, codes.OK, m.sign(t))
	before := m.declared(t)
	going := m.must(t, "preview", "--config", "platform.lockdown=true")

	url, pages := pagers(t)
	folder := filepath.Join(t.TempDir(), "incidents", "one")
	respond := func(more ...string) (string, error) {
		var out strings.Builder
		arguments := []string{"--stack", "local", "--dir", m.directory, "--reason", "stolen licences", "--folder", folder, "--events-url", url}
		err := Run(t.Context(), append(arguments, more...), func(string) string { return testKey }, &out)
		return out.String(), err
	}
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		return string(content)
	}

	steps := []struct {
		name string
		run  func(*testing.T)
	}{
		{"a dry run shows every step and changes nothing", func(t *testing.T) {
			output, err := respond()
			require.NoError(t, err)
			assert.Contains(t, output, "up --take-over --config platform.lockdown=true")
			assert.NoDirExists(t, folder)
			assert.Empty(t, *pages)
			assert.Equal(t, before, m.declared(t))
		}},
		{"evidence, backup, page and timeline are there, and no secret in them", func(t *testing.T) {
			output, err := respond("--execute")
			require.NoError(t, err, output)
			assert.Contains(t, read("pod-logs.txt"), "license-api")
			assert.Contains(t, read("load-balancer.jsonl"), "/v1/licenses/demo/acquire")
			assert.Contains(t, read("backup.sql"), lease["leaseId"].(string), "the backup holds the lease")
			assert.Contains(t, read("timeline.md"), "| lockdown | done in")
			assert.Contains(t, read("verify.txt"), "Forbidden")
			require.Len(t, *pages, 1)
			assert.Contains(t, (*pages)[0]["payload"].(map[string]any)["summary"], "LOCKED DOWN")
			files, err := os.ReadDir(folder)
			require.NoError(t, err)
			for _, file := range files {
				assert.NotContains(t, read(file.Name()), testKey, file.Name())
				assert.NotContains(t, read(file.Name()), token, file.Name())
			}
		}},
		{"nobody reaches the license API, and the IDE goes on", func(t *testing.T) {
			status, _ := m.acquire(t, m.edge(), token, "device-1")
			assert.Equal(t, http.StatusForbidden, status)
			status, _ = m.call(t, http.MethodGet, m.edge()+"/health", "", nil)
			assert.Equal(t, http.StatusForbidden, status)
			for _, host := range []string{"api", "apex", "www"} {
				status, _ = m.call(t, http.MethodGet, "https://"+m.endpoints.Hosts[host]+"/", "", nil)
				assert.Equal(t, http.StatusOK, status, host)
			}
		}},
		{"nobody signs in", func(t *testing.T) {
			output, err := m.command("token")
			require.Error(t, err)
			assert.Contains(t, output, "suspended")
		}},
		{"nothing is signed", func(t *testing.T) {
			assert.Equal(t, codes.PermissionDenied, m.sign(t))
		}},
		{"the response again does nothing twice", func(t *testing.T) {
			backup := read("backup.sql")
			output, err := respond("--execute")
			require.NoError(t, err, output)
			assert.Contains(t, output, "lockdown         done at")
			assert.Len(t, *pages, 1)
			assert.Equal(t, backup, read("backup.sql"))
		}},
		{"taking the lockdown back is the same set of changes reversed", func(t *testing.T) {
			assert.Equal(t, reversed(changes(going)), changes(m.must(t, "preview")))
			m.must(t, "up")
			assert.Equal(t, before, m.declared(t), "exactly what was")
			assert.Contains(t, m.must(t, "preview"), "0 changes")
		}},
		{"licences are given again", func(t *testing.T) {
			status, again := m.acquire(t, m.edge(), m.must(t, "token"), "device-1")
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, lease["leaseId"], again["leaseId"], "the seat was kept")
			status, _ = m.acquire(t, m.edge(), m.must(t, "token"), "device-2")
			assert.Equal(t, http.StatusCreated, status)
			assert.Equal(t, codes.OK, m.sign(t))
		}},
	}
	for _, step := range steps {
		if !t.Run(step.name, step.run) {
			t.Fatalf("the story ends at: %s", step.name)
		}
	}
}

// changes are the lines of a preview that tell of a resource or of a property.
func changes(preview string) []string {
	var found []string
	for line := range strings.Lines(preview) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "~ ") || strings.Contains(line, "→") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	slices.Sort(found)
	return found
}

// reversed are the changes that undo changes.
func reversed(changes []string) []string {
	var back []string
	for _, line := range changes {
		switch {
		case strings.HasPrefix(line, "+ "):
			line = "- " + line[2:]
		case strings.HasPrefix(line, "- "):
			line = "+ " + line[2:]
		case strings.Contains(line, "→"):
			path, values, _ := strings.Cut(line, ": ")
			was, is, _ := strings.Cut(values, " → ")
			line = path + ": " + is + " → " + was
		}
		back = append(back, line)
	}
	slices.Sort(back)
	return back
}

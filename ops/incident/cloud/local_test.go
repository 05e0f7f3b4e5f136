package cloud_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
)

// machine is a folder that looks like an embedded cloud's.
func machine(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"bin/license-platform-local":             "",
		"logs/pods/app_license-api-1.log":        "first pod\n",
		"logs/pods/app_license-api-2.log":        "second pod\n",
		"logs/daemon.log":                        "ready\n",
		"logs/requests.jsonl":                    "{}\n",
		"logs/postgres-stores.log":               "connection\n",
		"logs/redis-cache.log":                   "ready\n",
		"postgres/stores/data/PG_VERSION":        "15\n",
		"postgres/stores/data/postmaster.pid":    "4711\n/data\n1700000000\n5432\n../socket\n127.1.16.2\n",
		"logs/postgres-of-others.log":            "somebody else's\n",
		"postgres/of-others/data/postmaster.pid": "4712\n/data\n1700000000\n5432\n/run/other\n127.1.32.2\n",
		"endpoints.json":                         `{"database": "stores"}`,
		"store.json":                             "a secret",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func local(t *testing.T, dir string) (*cloud.Local, *recorder) {
	t.Helper()
	r := &recorder{}
	l, err := cloud.NewLocal(r.run, dir, "/project")
	require.NoError(t, err)
	return l, r
}

func TestEveryLogOfTheMachineIsKeptAndNoSecret(t *testing.T) {
	t.Parallel()
	l, _ := local(t, machine(t))
	kept := map[string]string{}
	for _, a := range l.Evidence(time.Now()) {
		var out strings.Builder
		require.NoError(t, a.Do(t.Context(), &out), a.Name)
		kept[a.Name] = out.String()
		assert.NotContains(t, out.String(), "a secret")
		assert.NotContains(t, out.String(), "somebody else's")
	}
	assert.Equal(t, "==> app_license-api-1.log\nfirst pod\n==> app_license-api-2.log\nsecond pod\n", kept["pod-logs"])
	assert.Equal(t, "ready\n", kept["events"])
	assert.Contains(t, kept["audit-trail"], "==> postgres-stores.log\nconnection\n==> redis-cache.log")
	assert.Contains(t, kept["objects"], "status")
}

func TestEvidenceThatIsNotThereIsToldAndNotAnEmptyFile(t *testing.T) {
	t.Parallel()
	dir := machine(t)
	l, _ := local(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "logs", "pods")))
	assert.ErrorContains(t, l.Evidence(time.Now())[0].Do(t.Context(), &strings.Builder{}), "there is nothing to keep")
}

func TestTheBackupDumpsTheInstanceWhereItListens(t *testing.T) {
	t.Parallel()
	dir := machine(t)
	l, _ := local(t, dir)
	assert.Equal(t, []string{"PGPASSFILE=" + dir + "/postgres/stores/administrator.pgpass /usr/lib/postgresql/15/bin/pg_dumpall --host=/proc/self/cwd/../socket --port=5432 --username=cloudsqladmin --no-password --no-role-passwords"},
		lines(l.Backup("x").Commands), "the password itself stands in no command")

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "postgres")))
	assert.ErrorContains(t, l.Backup("x").Do(t.Context(), &strings.Builder{}), `the database instance "stores" does not run`)
}

func TestTheLockdownAndItsUndoAreOrdinaryUpdates(t *testing.T) {
	t.Parallel()
	dir := machine(t)
	l, _ := local(t, dir)
	program := filepath.Join(dir, "bin", "license-platform-local")
	assert.Equal(t, []string{program + " up --take-over --config platform.lockdown=true --skip-preview --dir " + dir}, lines(l.Lockdown().Commands))
	assert.Equal(t, "/project", l.Lockdown().Commands[0].Dir)
	assert.Equal(t, []string{program + " up --dir " + dir}, lines(l.Undo()))
}

func TestTheLockdownIsVerifiedOnlyWhenTheLoadBalancerAnswers403(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int
		shut     bool
	}{
		"it refuses":               {[]int{http.StatusForbidden}, true},
		"it refuses after a while": {[]int{http.StatusOK, http.StatusForbidden}, true},
		"it lets through":          {[]int{http.StatusOK}, false},
		"it is broken":             {[]int{http.StatusBadGateway}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "example.com", r.Host)
				w.WriteHeader(c.statuses[min(asked, len(c.statuses)-1)])
				asked++
			}))
			t.Cleanup(server.Close)
			dir := machine(t)
			authority := filepath.Join(dir, "ca.pem")
			require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
			content, err := json.Marshal(map[string]any{"edge": server.URL, "ca": authority, "hosts": map[string]string{"licenses": "example.com"}})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "endpoints.json"), content, 0o600))
			l, _ := local(t, dir)

			limit := 300 * time.Millisecond
			if c.shut {
				limit = time.Minute
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			err = l.Verify().Do(ctx, &strings.Builder{})
			assert.Equal(t, c.shut, err == nil, "%v", err)
		})
	}
}

func TestWithoutAnEmbeddedCloudThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	_, err := cloud.NewLocal(cloud.Run, t.TempDir(), "/project")
	assert.ErrorContains(t, err, "no embedded cloud is up")
}

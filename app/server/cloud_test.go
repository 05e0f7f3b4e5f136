package server_test

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/googlename"
)

// On Google Cloud no address of an API is set. So here the program runs with exactly
// those settings, in a cloud of stand-ins that answer at Google's own names.
func TestOnGoogleCloudTheAPILogsInWithoutAPasswordOrAKeyFile(t *testing.T) {
	t.Parallel()
	w := fixtureOver(t, apptest.StartPostgres(t))
	cloud := apptest.StartCloud(t, w.postgres, w.google)
	migrate := map[string]string{
		"DATABASE_INSTANCE": cloud.SQL.Instance, "DATABASE_NAME": apptest.Database, "DATABASE_USER": apptest.MigrationRole,
		"DATABASE_PASSWORD_SECRET": "projects/p/secrets/s/versions/1", "API_DATABASE_USER": apptest.APIRole, "TENANTS": tenants,
	}

	said, err := command(t, cloud, "migrate", migrate).CombinedOutput()
	require.NoError(t, err, string(said))
	for _, login := range cloud.SQL.Logins() {
		assert.Equal(t, apptest.Login{User: apptest.MigrationRole}, login, "the password opens the database")
	}
	assert.Equal(t, googlename.Migrate(), cloud.Asked(), "the migration calls Google by exactly these names")
	before := len(cloud.SQL.Logins())
	require.NotZero(t, before)

	api := w.serveCloud(t, cloud)
	token := w.google.Mint(t, apptest.Claims("demo-1a2b", "ada"))
	granted := api.acquire(t, "demo", token, "device-1")
	require.Equal(t, 201, granted.status, string(granted.raw))
	assert.Equal(t, 200, api.heartbeat(t, token, granted.text("leaseId")).status)
	assert.Equal(t, 1, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
	for _, login := range cloud.SQL.Logins()[before:] {
		assert.Equal(t, apptest.Login{User: apptest.APIRole, IAM: true}, login, "the certificate carries a token that may log in")
	}
	assert.Greater(t, len(cloud.SQL.Logins()), before)
	assert.Equal(t, googlename.Serve(), cloud.Asked(), "the API calls Google by exactly these names")
	assert.Empty(t, cloud.Refused(), "nothing else was asked for")
}

// What an operator reads at night: which of the two it is, the Admin API or the instance,
// and why.
func TestTheLogSaysWhatKeepsTheAPIFromItsDatabase(t *testing.T) {
	t.Parallel()
	w, cloud := newCloud(t)
	api := w.startCloud(t, cloud)
	const admin, proxy = "from the Cloud SQL Admin API: ", "connect to the proxy of Cloud SQL "
	for _, c := range []struct {
		name    string
		set     func(on bool)
		reasons []string
	}{
		{"no right to connect", func(on bool) { cloud.SQL.Fail.Store(status(on, http.StatusForbidden)) }, []string{admin, "not authorized"}},
		{"the Admin API fails", func(on bool) { cloud.SQL.Fail.Store(status(on, http.StatusInternalServerError)) }, []string{admin, "context deadline exceeded"}},
		{"the Admin API hangs", cloud.SQL.Hang.Store, []string{admin, "context deadline exceeded"}},
		{"somebody else's instance", cloud.SQL.Impostor.Store, []string{proxy, "failed to verify certificate"}},
		{"another instance of ours", cloud.SQL.Sibling.Store, []string{proxy, `certificate had CN \"coditect-cloud-infra:another\"`}},
		{"no right to log in", cloud.SQL.Stranger.Store, []string{"Cloud SQL IAM service account authentication failed for user"}},
	} {
		w.log.Reset()
		c.set(true)
		api.awaitUnready(t, w, c.name, c.reasons...)
		c.set(false)
	}
	api.awaitReady(t)
}

// status is the HTTP status while it is on.
func status(on bool, code int32) int32 {
	if on {
		return code
	}
	return 0
}

func TestACertificateThatHasExpiredIsRenewedWithTheNextConnection(t *testing.T) {
	t.Parallel()
	w, cloud := newCloud(t)
	lifetime := 2 * time.Second
	cloud.SQL.Lifetime.Store(int64(lifetime))
	api := w.serveCloud(t, cloud)
	began, before := time.Now(), cloud.SQL.Certificates()
	require.NotZero(t, before)
	await.True(t, func() bool { return time.Since(began) > lifetime }, "it has expired")
	cloud.SQL.Lifetime.Store(0)
	w.postgres.Stop(t)
	w.postgres.Start(t) // no connection is left
	api.awaitReady(t)
	assert.Greater(t, cloud.SQL.Certificates(), before)
	// On a busy machine a handshake can take too long, after which the connector asks for
	// another certificate.
	await.True(t, func() bool {
		before = cloud.SQL.Certificates()
		w.postgres.Stop(t)
		w.postgres.Start(t)
		api.awaitReady(t)
		return cloud.SQL.Certificates() == before
	}, "one that is valid is used again")
}

// newCloud is a cloud with a database in which the schema is, and no API yet.
func newCloud(t *testing.T) (*fixture, *apptest.Cloud) {
	t.Helper()
	w := fixtureOver(t, apptest.StartPostgres(t))
	cloud := apptest.StartCloud(t, w.postgres, w.google)
	said, err := command(t, cloud, "migrate", map[string]string{
		"DATABASE_INSTANCE": cloud.SQL.Instance, "DATABASE_NAME": apptest.Database, "DATABASE_USER": apptest.MigrationRole,
		"DATABASE_PASSWORD_SECRET": "projects/p/secrets/s/versions/1", "API_DATABASE_USER": apptest.APIRole, "TENANTS": tenants,
	}).CombinedOutput()
	require.NoError(t, err, string(said))
	return w, cloud
}

// awaitUnready waits until the instance is kept from its database, for the reasons that
// one line of the log gives, and no answer.
func (in *instance) awaitUnready(t *testing.T, w *fixture, what string, reasons ...string) {
	t.Helper()
	told := func(line string) bool {
		for _, reason := range reasons {
			if !strings.Contains(line, reason) {
				return false
			}
		}
		return true
	}
	await.True(t, func() bool {
		r, err := in.try("GET", "/ready", "", "")
		return err == nil && r.status == http.StatusServiceUnavailable && r.body["checks"].(map[string]any)["postgresql"] == "unavailable" &&
			!strings.Contains(string(r.raw), "SQL ") && slices.ContainsFunc(strings.Split(w.log.String(), "\n"), told)
	}, what)
}

// command is the program in a process of its own, in the cloud.
func command(t *testing.T, cloud *apptest.Cloud, name string, settings map[string]string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(executable)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	environment := maps.Clone(settings)
	maps.Copy(environment, cloud.Environment())
	environment[childVariable] = name
	for key, value := range environment {
		c.Env = append(c.Env, key+"="+value)
	}
	return c
}

// startCloud starts the API with the settings of Google Cloud.
func (w *fixture) startCloud(t *testing.T, cloud *apptest.Cloud) *instance {
	t.Helper()
	settings := map[string]string{
		"PROJECT_ID": apptest.Project, "DATABASE_INSTANCE": cloud.SQL.Instance, "DATABASE_NAME": apptest.Database, "DATABASE_USER": apptest.APIRole,
		"REDIS_ADDRESS": w.redis.Address, "REDIS_CA": w.redis.CA, "REDIS_AUTH_SECRET": "projects/p/secrets/r/versions/1", "KMS_KEY_VERSION": apptest.KeyVersion,
		"LISTEN_ADDRESS": freeAddress(t), "METRICS_ADDRESS": freeAddress(t),
	}
	c := command(t, cloud, "serve", settings)
	c.Stdout, c.Stderr = w.log, w.log
	require.NoError(t, c.Start())
	api := &instance{url: "http://" + settings["LISTEN_ADDRESS"], client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{}}}
	t.Cleanup(func() {
		api.client.CloseIdleConnections()
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return api
}

func (w *fixture) serveCloud(t *testing.T, cloud *apptest.Cloud) *instance {
	t.Helper()
	api := w.startCloud(t, cloud)
	api.awaitReady(t)
	return api
}

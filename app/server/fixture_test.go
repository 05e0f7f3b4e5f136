package server_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/output"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/server"
)

// fixture is the whole service; its dependencies are real or speak the real protocol.
type fixture struct {
	postgres *apptest.Postgres
	redis    *apptest.Redis
	google   *apptest.Google
	log      *output.Text
}

const tenants = `[
	{"id":"demo-1a2b","name":"demo","licenses":[
		{"id":"demo","product":"coditect-ide","seats":5,"leaseSeconds":60,"maxBorrowSeconds":86400},
		{"id":"short","product":"coditect-ide","seats":2,"leaseSeconds":10,"heartbeatSeconds":3},
		{"id":"big","product":"coditect-ide","seats":100,"leaseSeconds":60}]},
	{"id":"other-3c4d","name":"other","licenses":[{"id":"demo","product":"coditect-ide","seats":3,"leaseSeconds":60}]}]`

// databases have the schema and the tenants.
var databases = apptest.SharedPostgres{Prepare: func(t testing.TB, p *apptest.Postgres) {
	w := &fixture{postgres: p, google: apptest.StartGoogle(t), log: &output.Text{}}
	w.migrate(t, tenants)
}}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	if _, measured := t.(*testing.B); measured {
		return newFixtureAlone(t)
	}
	return fixtureOver(t, databases.Start(t))
}

// newFixtureAlone has a PostgreSQL server of its own, which may be stopped.
func newFixtureAlone(t testing.TB) *fixture {
	t.Helper()
	w := fixtureOver(t, apptest.StartPostgres(t))
	w.migrate(t, tenants)
	return w
}

func fixtureOver(t testing.TB, postgres *apptest.Postgres) *fixture {
	t.Helper()
	return &fixture{postgres: postgres, redis: apptest.StartRedis(t), google: apptest.StartGoogle(t), log: &output.Text{}}
}

func (w *fixture) common() map[string]string {
	return map[string]string{
		"PROJECT_ID": apptest.Project, "DATABASE_ADDRESS": w.postgres.Address, "DATABASE_CA": w.postgres.CA, "DATABASE_NAME": w.postgres.Database,
		"DATABASE_PASSWORD_SECRET": "projects/p/secrets/s/versions/1", "SECRET_MANAGER_ENDPOINT": w.google.Endpoint, "GOOGLE_API_CA": w.google.CA,
	}
}

func (w *fixture) migrate(t testing.TB, tenants string) {
	t.Helper()
	environment := w.common()
	environment["DATABASE_USER"], environment["API_DATABASE_USER"], environment["TENANTS"] = apptest.MigrationRole, apptest.APIRole, tenants
	require.NoError(t, server.Command(context.Background(), []string{"migrate"}, environment, w.log))
}

// instance is one running API.
type instance struct {
	url     string
	metrics string
	stop    func()
	client  *http.Client
	// contract is what answers are held against; nil for nothing.
	contract *contract
}

func (w *fixture) serveEnvironment(t testing.TB) map[string]string {
	t.Helper()
	environment := w.common()
	environment["DATABASE_USER"] = apptest.APIRole
	environment["REDIS_ADDRESS"], environment["REDIS_CA"], environment["REDIS_AUTH_SECRET"] = w.redis.Address, w.redis.CA, "projects/p/secrets/r/versions/1"
	environment["KMS_KEY_VERSION"], environment["KMS_ENDPOINT"] = apptest.KeyVersion, w.google.Endpoint
	environment["IDENTITY_KEYS_URL"] = w.google.KeysURL
	environment["LISTEN_ADDRESS"], environment["METRICS_ADDRESS"] = freeAddress(t), freeAddress(t)
	environment["CORS_ORIGINS"] = "https://coditect.ai"
	return environment
}

func (w *fixture) serve(t testing.TB, more map[string]string, change ...func(*server.Serve)) *instance {
	t.Helper()
	in := w.start(t, more, change...)
	in.awaitReady(t)
	in.contract = w.contract(t, in)
	return in
}

// start starts an instance that need not become ready. Its housekeeping runs only when
// its pace is among more: what comes at a moment of its own can meet any step of a test.
// What no variable sets, change does.
func (w *fixture) start(t testing.TB, more map[string]string, change ...func(*server.Serve)) *instance {
	t.Helper()
	environment := w.serveEnvironment(t)
	maps.Copy(environment, more)
	settings, err := server.LoadServe(environment)
	require.NoError(t, err)
	if more["REAP_INTERVAL"] == "" {
		settings.ReapInterval = 0
	}
	for _, set := range change {
		set(&settings)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.RunServe(ctx, settings, w.log) }()
	in := &instance{
		url: "http://" + environment["LISTEN_ADDRESS"], metrics: "http://" + environment["METRICS_ADDRESS"] + "/metrics",
		client: &http.Client{Timeout: await.Limit, Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
	}
	var once sync.Once
	in.stop = func() {
		once.Do(func() {
			in.client.CloseIdleConnections()
			cancel()
			require.NoError(t, await.Receive(t, ended))
		})
	}
	t.Cleanup(in.stop)
	return in
}

// awaitReady waits for the readiness probe to succeed.
func (in *instance) awaitReady(t testing.TB) {
	t.Helper()
	await.True(t, func() bool {
		response, err := in.client.Get(in.url + "/ready")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, "the API is not ready")
}

func freeAddress(t testing.TB) string {
	t.Helper()
	return port.Address(t).String()
}

// reply is an answer that was read whole.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

func (r reply) text(name string) string {
	text, _ := r.body[name].(string)
	return text
}

// time is a field that holds one.
func (r reply) time(t testing.TB, name string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.text(name))
	require.NoError(t, err, name)
	return at
}

// soonest is when the first of the service's limits for what it waits for is over.
const soonest = time.Second

// call sends a request; header pairs follow the body. It sends it again, as the answer says,
// when the service has waited for a store or the key for as long as it may, and answers
// 503: on a busy machine that is no fault. A test in which it is one asks once.
func (in *instance) call(t testing.TB, method, path, token, body string, headers ...string) reply {
	t.Helper()
	for deadline := time.Now().Add(await.Limit); ; {
		began := time.Now()
		r := in.once(t, method, path, token, body, headers...)
		wait, err := strconv.Atoi(r.header.Get("Retry-After"))
		took := time.Since(began)
		if r.status != http.StatusServiceUnavailable || err != nil || took < soonest || time.Now().After(deadline) {
			return r
		}
		t.Logf("%s %s: 503 after %s, to be sent again in %d s: %s", method, path, took, wait, r.raw)
		time.Sleep(time.Duration(wait) * time.Second)
	}
}

// once sends a request and returns the first answer; header pairs follow the body.
func (in *instance) once(t testing.TB, method, path, token, body string, headers ...string) reply {
	t.Helper()
	r, err := in.try(method, path, token, body, headers...)
	require.NoError(t, err)
	return r
}

func (in *instance) try(method, path, token, body string, headers ...string) (reply, error) {
	request, err := http.NewRequest(method, in.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := in.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	found := reply{status: response.StatusCode, header: response.Header, raw: raw}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &found.body); err != nil {
			return reply{}, err
		}
	}
	return found, in.contract.holds(request, found)
}

func (in *instance) acquire(t testing.TB, license, token, fingerprint string) reply {
	t.Helper()
	return in.call(t, "POST", "/v1/licenses/"+license+"/acquire", token, `{"fingerprint":"`+fingerprint+`"}`)
}

func (in *instance) heartbeat(t testing.TB, token, lease string) reply {
	t.Helper()
	return in.call(t, "POST", "/v1/leases/"+lease+"/heartbeat", token, "")
}

func (in *instance) release(t testing.TB, token, lease string) reply {
	t.Helper()
	return in.call(t, "POST", "/v1/leases/"+lease+"/release", token, "")
}

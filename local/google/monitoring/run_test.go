package monitoring_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/host/process"
)

type object = map[string]any

// fixture is a monitoring with declarations of the test.
type fixture struct {
	*monitoring.Monitoring
	store *store.Store
	pods  atomic.Pointer[[]monitoring.Pod]
}

func start(t *testing.T, edge *httptest.Server, with ...func(*monitoring.Options)) *fixture {
	t.Helper()
	if _, err := exec.LookPath("prometheus-alertmanager"); err != nil {
		t.Skip("Prometheus and Alertmanager are not installed: make tools")
	}
	dir, w := filepath.Join(t.TempDir(), "what is no pattern: [a] *?"), &fixture{}
	var err error
	w.store = store.New()
	supervisor, err := process.NewSupervisor(filepath.Join(dir, "run"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	o := monitoring.Options{
		Dir: filepath.Join(dir, "monitoring"), Logs: dir, Host: port.Host(t), Project: "acme", Location: "us-central1",
		Store: w.store, Supervisor: supervisor, Log: slog.New(slog.DiscardHandler),
		Pods: func() []monitoring.Pod {
			if pods := w.pods.Load(); pods != nil {
				return *pods
			}
			return nil
		},
		Backends: func() []monitoring.Backend {
			return []monitoring.Backend{{URLMap: "edge", Name: "api", Policy: "armor"}}
		},
		Memory: func(context.Context) []monitoring.Memory {
			return []monitoring.Memory{{Instance: "projects/acme/locations/us-central1/instances/cache", Used: 9, Max: 10}}
		},
		Databases: func(context.Context) []monitoring.Database {
			return []monitoring.Database{
				{Instance: "acme:ledger", Region: "us-central1", Up: true, Activity: map[string]monitoring.Activity{"license": {Backends: 90, Commits: 7, Bytes: 10}, "postgres": {Bytes: 5}}},
				{Instance: "acme:down", Region: "us-central1"},
			}
		},
	}
	if edge != nil {
		o.Edge, o.Roots = netip.MustParseAddrPort(edge.Listener.Addr().String()), x509.NewCertPool()
		o.Roots.AddCert(edge.Certificate())
	}
	for _, change := range with {
		change(&o)
	}
	w.Monitoring, err = monitoring.Open(o)
	require.NoError(t, err)
	require.NoError(t, w.SetPace(60))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, await.Receive(t, ended))
	})
	return w
}

// declare puts an alert policy with one condition, and who is told of it.
func (w *fixture) declare(t *testing.T, name string, condition object) {
	t.Helper()
	require.NoError(t, w.store.Put(store.Resource{
		Type: "gcp:monitoring/notificationChannel:NotificationChannel", ID: "projects/acme/notificationChannels/1",
		Inputs: object{"type": "email", "labels": object{"email_address": "ops@acme.example"}},
	}))
	require.NoError(t, w.store.Put(store.Resource{
		Type: "gcp:monitoring/alertPolicy:AlertPolicy", ID: "projects/acme/alertPolicies/" + name,
		Inputs: object{
			"displayName": "License platform: " + name, "combiner": "OR", "severity": "CRITICAL", "conditions": []any{condition},
			"notificationChannels": []any{"projects/acme/notificationChannels/1"},
			"documentation":        object{"subject": "It is so", "content": "What to do: https://x/docs/playbooks/it-is-so.md"},
		},
	}))
}

func query(expression, lasting string) object {
	return object{"displayName": "x", "conditionPrometheusQueryLanguage": object{"query": expression, "duration": lasting}}
}

// told waits until the inbox holds the alert in that state.
func (w *fixture) told(t *testing.T, name, state string) monitoring.Notification {
	t.Helper()
	var found monitoring.Notification
	await.True(t, func() bool {
		all := w.Inbox()
		i := slices.IndexFunc(all, func(n monitoring.Notification) bool { return n.Alert == name && n.State == state })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}, "%s is never told as %s: %+v", name, state, w.Status(t.Context()))
	return found
}

func request(status int, policy, outcome string) loadbalancer.LogEntry {
	e := loadbalancer.LogEntry{
		HTTPRequest: loadbalancer.HTTPRequest{Status: status, Latency: "0.010000s"},
		Resource:    loadbalancer.LogResource{Labels: map[string]string{"url_map_name": "edge", "backend_service_name": "api"}},
	}
	if policy != "" {
		e.Payload.Enforced = &loadbalancer.PolicyMatch{Name: policy, Outcome: outcome}
	}
	return e
}

func TestAnAlertIsToldWhenItFiresAndWhenItIsOver(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.declare(t, "ServerErrors", query(`sum(increase(loadbalancing_googleapis_com:https_request_count{monitored_resource="https_lb_rule",response_code_class="500"}[10m])) > 0`, "30s"))
	w.declare(t, "CacheFull", query(`max(redis_googleapis_com:stats_memory_usage_ratio{instance_id=~"(.*/)?cache"}) > 0.8`, "0s"))
	w.declare(t, "TooManySessions", query(`max(cloudsql_googleapis_com:database_postgresql_num_backends{monitored_resource="cloudsql_database",database_id="acme:ledger",database="license"}) > 80`, "0s"))
	w.declare(t, "DatabaseDown", query(`min(cloudsql_googleapis_com:database_up) == 0 and sum(cloudsql_googleapis_com:database_disk_bytes_used) == 15`, "0s"))
	w.declare(t, "Quiet", query(`sum(networksecurity_googleapis_com:https_request_count{blocked="true"}) > 100`, "0s"))

	assert.Equal(t, "It is so", w.told(t, "CacheFull", monitoring.Firing).Summary)
	w.told(t, "TooManySessions", monitoring.Firing)
	w.told(t, "DatabaseDown", monitoring.Firing)
	w.Request(request(503, "armor", "ACCEPT"))
	firing := w.told(t, "ServerErrors", monitoring.Firing)
	assert.Equal(t, "email ops@acme.example", firing.To)
	assert.Equal(t, "https://x/docs/playbooks/it-is-so.md", firing.Playbook)
	status := w.Status(t.Context())
	assert.Empty(t, status.Problems)
	assert.Equal(t, 5, status.Rules)
	assert.Contains(t, names(status.Incidents), "CacheFull")

	w.told(t, "ServerErrors", monitoring.Resolved) // ten minutes at this pace
	assert.NotContains(t, names(w.Status(t.Context()).Incidents), "Quiet")
}

func names(incidents []monitoring.Incident) (all []string) {
	for _, i := range incidents {
		all = append(all, i.Alert)
	}
	return all
}

func TestALogEntryIsToldWithWhoDidIt(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.declare(t, "KeyDestroyed", object{"displayName": "x", "conditionMatchedLog": object{
		"filter": `protoPayload.methodName="DestroyCryptoKeyVersion"`, "labelExtractors": object{"principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)"},
	}})
	await.True(t, func() bool { return w.Status(t.Context()).Prometheus != "" })
	w.Entry(object{"protoPayload": object{"methodName": "GetPublicKey"}})
	w.Entry(object{"protoPayload": object{"methodName": "DestroyCryptoKeyVersion", "authenticationInfo": object{"principalEmail": "ann@acme.example"}}})

	told := w.told(t, "KeyDestroyed", monitoring.Firing)
	assert.Equal(t, "ann@acme.example", told.Labels["principal"])
	assert.Equal(t, []string{"KeyDestroyed"}, names(w.Status(t.Context()).Incidents))
	assert.Len(t, w.Inbox(), 1)
}

func TestPodsAreScrapedAsTheirPodMonitoringSays(t *testing.T) {
	t.Parallel()
	var scraped atomic.Int64
	pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scraped.Add(1)
		assert.Equal(t, "/metrics", r.URL.Path)
		_, _ = w.Write([]byte("things_total 7\n"))
	}))
	t.Cleanup(pod.Close)
	at := netip.MustParseAddrPort(pod.Listener.Addr().String())
	w := start(t, nil)
	w.pods.Store(&[]monitoring.Pod{
		{Namespace: "app", Name: "api-1", Labels: map[string]string{"app": "api"}, IP: at.Addr(), Ports: map[string]int32{"metrics": int32(at.Port())}, Runs: true},
		{Namespace: "app", Name: "other", Labels: map[string]string{"app": "other"}, IP: port.Host(t), Ports: map[string]int32{"metrics": 1}, Runs: true},
	})
	require.NoError(t, w.store.Put(store.Resource{Type: "kubernetes:monitoring.googleapis.com/v1:PodMonitoring", ID: "app/api", Inputs: object{
		"metadata": object{"name": "api", "namespace": "app"},
		"spec":     object{"selector": object{"matchLabels": object{"app": "api"}}, "endpoints": []any{object{"port": "metrics", "interval": "30s"}}},
	}}))
	w.declare(t, "Things", query(`sum(things_total{namespace="app",job="api",instance="api-1:metrics",location="us-central1"}) == 7`, "0s"))
	w.told(t, "Things", monitoring.Firing)
	assert.Positive(t, scraped.Load())
}

func TestAClockThatIsSetBackDoesNotBlindTheAlerts(t *testing.T) {
	t.Parallel()
	var scraped atomic.Int64
	pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		value, at := 7, time.Now()
		if scraped.Add(1) == 1 {
			value, at = 1, at.Add(9*time.Minute) // before the clock was set back; ten minutes ahead nothing is taken
		}
		_, _ = fmt.Fprintf(w, "things_total %d %d\n", value, at.UnixMilli())
	}))
	t.Cleanup(pod.Close)
	at := netip.MustParseAddrPort(pod.Listener.Addr().String())
	w := start(t, nil)
	w.pods.Store(&[]monitoring.Pod{
		{Namespace: "app", Name: "api-1", Labels: map[string]string{"app": "api"}, IP: at.Addr(), Ports: map[string]int32{"metrics": int32(at.Port())}, Runs: true},
	})
	require.NoError(t, w.store.Put(store.Resource{Type: "kubernetes:monitoring.googleapis.com/v1:PodMonitoring", ID: "app/api", Inputs: object{
		"metadata": object{"name": "api", "namespace": "app"},
		"spec":     object{"selector": object{"matchLabels": object{"app": "api"}}, "endpoints": []any{object{"port": "metrics", "interval": "30s"}}},
	}}))
	w.declare(t, "Things", query(`sum(things_total) == 7`, "0s"))
	w.told(t, "Things", monitoring.Firing)
}

func TestAnUptimeCheckAsksFromOutsideAndTellsWhenCheckersFail(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	edge := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/health", r.URL.Path)
		assert.Contains(t, r.Header.Get(loadbalancer.ClientHeader), "region=US")
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(edge.Close)
	w := start(t, edge)
	require.NoError(t, w.store.Put(store.Resource{Type: "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig", ID: "projects/acme/uptimeCheckConfigs/c", Inputs: object{
		"period": "60s", "timeout": "10s", "selectedRegions": []any{"USA_OREGON", "USA_IOWA", "USA_VIRGINIA"},
		"monitoredResource": object{"type": "uptime_url", "labels": object{"host": "example.com"}},
		"httpCheck": object{
			"path": "/health", "port": 443.0, "requestMethod": "GET", "useSsl": true, "validateSsl": true,
			"acceptedResponseStatusCodes": []any{object{"statusValue": 200.0}},
		},
	}}))
	w.declare(t, "Unreachable", object{"displayName": "x", "conditionThreshold": object{
		"filter":     `metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND metric.label."check_id"="c"`,
		"comparison": "COMPARISON_GT", "thresholdValue": 1.0, "duration": "60s",
		"aggregations": []any{object{"alignmentPeriod": "1200s", "perSeriesAligner": "ALIGN_NEXT_OLDER", "crossSeriesReducer": "REDUCE_COUNT_FALSE", "groupByFields": []any{"resource.label.*"}}},
	}})
	w.declare(t, "CertificateLong", query(`min(monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{host="example.com"}) > 14`, "0s"))
	w.told(t, "Unreachable", monitoring.Firing)
	w.told(t, "CertificateLong", monitoring.Firing)
	broken.Store(false)
	w.told(t, "Unreachable", monitoring.Resolved)
}

// openAlone opens a monitoring that does not run.
func openAlone(t *testing.T) *monitoring.Monitoring {
	t.Helper()
	m, err := monitoring.Open(monitoring.Options{Dir: t.TempDir(), Store: store.New(), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return m
}

func TestTheInboxOutlivesTheMonitoringAndIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := store.New()
	open := func() *monitoring.Monitoring {
		m, err := monitoring.Open(monitoring.Options{Dir: dir, Store: s, Log: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		return m
	}
	m := open()
	for i := range 600 {
		require.NoError(t, monitoring.Deliver(m, "Alert"+strconv.Itoa(i)))
	}
	again := open().Inbox()
	require.Len(t, again, 500)
	assert.Equal(t, "Alert599", again[0].Alert, "the newest comes first, the oldest are gone")
	assert.Equal(t, "nobody", again[0].To, "the policy has no channel")
	assert.ErrorContains(t, monitoring.DeliverAsStranger(m), "401")
}

package monitoring_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
)

// matchedBy is a condition over log entries of one method, told by who called.
func matchedBy(method string) object {
	return object{"displayName": "x", "conditionMatchedLog": object{
		"filter": `protoPayload.methodName="` + method + `"`, "labelExtractors": object{"principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)"},
	}}
}

func called(method, principal string) object {
	return object{"protoPayload": object{"methodName": method, "authenticationInfo": object{"principalEmail": principal}}}
}

// runs waits until both servers run.
func (w *fixture) runs(t *testing.T) {
	t.Helper()
	await.True(t, func() bool {
		status := w.Status(t.Context())
		return status.Prometheus != "" && status.Down == ""
	})
}

// states are what was told of an alert, the oldest first, by its label principal.
func (w *fixture) states(alert, principal string) (all []string) {
	told := w.Inbox()
	for i := range told {
		if n := told[len(told)-1-i]; n.Alert == alert && n.Labels["principal"] == principal {
			all = append(all, n.State)
		}
	}
	return all
}

func TestAnAlertOverALogEntryIsToldAlthoughAlertmanagerIsKilled(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.declare(t, "SecretRead", matchedBy("AccessSecretVersion"))
	w.runs(t)
	w.Entry(called("AccessSecretVersion", "ann@acme.example"))
	w.told(t, "SecretRead", monitoring.Firing)

	monitoring.KillAlertmanager(w.Monitoring)
	w.Entry(called("AccessSecretVersion", "bob@acme.example"))
	await.True(t, func() bool { return len(w.states("SecretRead", "bob@acme.example")) > 0 },
		"what is written while nobody can be told is told afterwards")
	w.runs(t)
	w.Entry(called("AccessSecretVersion", "ann@acme.example"))
	w.Entry(called("AccessSecretVersion", "cid@acme.example"))
	await.True(t, func() bool { return len(w.states("SecretRead", "cid@acme.example")) > 0 })
	assert.Equal(t, []string{monitoring.Firing}, w.states("SecretRead", "ann@acme.example"), "nobody is told twice")
	assert.Len(t, w.Status(t.Context()).Incidents, 3, "all go on")

	require.NoError(t, w.store.Delete("gcp:monitoring/alertPolicy:AlertPolicy", "projects/acme/alertPolicies/SecretRead"))
	w.told(t, "SecretRead", monitoring.Resolved)
	await.True(t, func() bool { return len(w.Status(t.Context()).Incidents) == 0 }, "without its policy nothing fires")
	for _, n := range w.Inbox() {
		assert.Equal(t, "email ops@acme.example", n.To, "who was told that it began is told that it is over")
	}
}

func TestAnAlertmanagerThatHangsIsToldAndStartedAgain(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.declare(t, "SecretRead", matchedBy("AccessSecretVersion"))
	w.runs(t)
	monitoring.HangAlertmanager(w.Monitoring)
	// A signal is not obeyed at once on a busy machine.
	await.True(t, func() bool { return w.Status(t.Context()).Down == "Alertmanager does not answer" })
	w.Entry(called("AccessSecretVersion", "ann@acme.example"))
	w.told(t, "SecretRead", monitoring.Firing)
}

func TestAnAlertThatFiresGoesOnWhenPrometheusIsKilled(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.declare(t, "CacheFull", query(`max(redis_googleapis_com:stats_memory_usage_ratio) > 0.8`, "300s"))
	w.told(t, "CacheFull", monitoring.Firing)
	before := w.Status(t.Context()).Incidents
	require.Len(t, before, 1)

	monitoring.KillPrometheus(w.Monitoring)
	for began := time.Now(); time.Since(began) < 2*time.Second; {
		require.Equal(t, []string{"CacheFull"}, names(w.Status(t.Context()).Incidents), "also until Prometheus knows it again")
	}
	await.True(t, func() bool {
		status := w.Status(t.Context())
		return status.Down == "" && len(status.Incidents) == 1 && status.Incidents[0].State == monitoring.Firing &&
			status.Incidents[0].Since.Sub(before[0].Since).Abs() < 2*time.Second
	}, "it goes on since when it began, and does not wait for five minutes again")
	assert.Len(t, w.Inbox(), 1)
}

func TestAnAlertThatEndedUnnoticedIsToldToBeOver(t *testing.T) {
	t.Parallel()
	w := start(t, nil, func(o *monitoring.Options) {
		line, err := json.Marshal(monitoring.Notification{Alert: "KMSFails", State: monitoring.Firing, To: "email ops@acme.example", Time: time.Now()})
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(o.Dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "inbox.jsonl"), append(line, '\n'), 0o600))
	})
	w.declare(t, "CacheFull", query(`max(redis_googleapis_com:stats_memory_usage_ratio) > 0.8`, "0s"))
	assert.Equal(t, "email ops@acme.example", w.told(t, "KMSFails", monitoring.Resolved).To)
	assert.Equal(t, []string{monitoring.Firing}, w.states("CacheFull", ""), "what fires goes on")
}

func TestAnAlertOverALogEntryGoesOnWithTheNextDaemon(t *testing.T) {
	t.Parallel()
	w := start(t, nil, func(o *monitoring.Options) {
		line, err := json.Marshal(monitoring.Notification{
			Alert: "SecretRead", State: monitoring.Firing, To: "email ops@acme.example", Time: time.Now(), Began: time.Now(),
			Labels: map[string]string{"source": "logs", "principal": "ann@acme.example"},
		})
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(o.Dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(o.Dir, "inbox.jsonl"), append(line, '\n'), 0o600))
	})
	w.declare(t, "SecretRead", matchedBy("AccessSecretVersion"))
	w.runs(t)
	require.Len(t, w.Status(t.Context()).Incidents, 1)
	assert.Equal(t, map[string]string{"principal": "ann@acme.example"}, w.Status(t.Context()).Incidents[0].Labels)
}

func TestNobodyIsToldTheSameTwice(t *testing.T) {
	t.Parallel()
	m := openAlone(t)
	require.NoError(t, monitoring.Deliver(m, "Full"))
	require.NoError(t, monitoring.Deliver(m, "Full"))
	assert.Len(t, m.Inbox(), 1)
}

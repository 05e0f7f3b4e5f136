package daemon

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

// selects says that a filter, as the playbooks and the log sink have them, selects
// an entry.
func selects(t *testing.T, filter string, entry map[string]any) bool {
	t.Helper()
	parsed, err := logfilter.Parse(filter)
	require.NoError(t, err, filter)
	text, err := json.Marshal(entry)
	require.NoError(t, err)
	var read map[string]any
	require.NoError(t, json.Unmarshal(text, &read))
	return parsed.Matches(read)
}

func TestALineOfAPodIsTheEntryThatThePlaybooksLookFor(t *testing.T) {
	t.Parallel()
	pod := kubelet.Pod{Namespace: "coditect-app", Name: "license-api-1", Container: "api", Labels: map[string]string{"app": "license-api"}}
	entry := podEntry(pod, []byte(`{"time":"2026-11-28T18:00:00Z","severity":"WARNING","message":"request","httpRequest":{"status":401},"code":"invalid_token","route":"/v1"}`))
	for filter, want := range map[string]bool{
		`resource.type="k8s_container" AND labels."k8s-pod/app"="license-api" AND httpRequest.status=(401 OR 403)`:     true,
		`resource.labels.container_name="api" AND resource.labels.namespace_name="coditect-app" AND severity>=WARNING`: true,
		`jsonPayload.code="invalid_token" AND jsonPayload.message="request" AND timestamp="2026-11-28T18:00:00Z"`:      true,
		`jsonPayload.severity="WARNING"`: false,
		`httpRequest.status>=500`:        false,
		`textPayload:"request"`:          false,
	} {
		assert.Equal(t, want, selects(t, filter, entry), filter)
	}
	assert.True(t, selects(t, `resource.type="k8s_container" AND textPayload:"panic:" AND severity=INFO`, podEntry(pod, []byte("panic: no"))))
	assert.True(t, selects(t, `textPayload="null"`, podEntry(pod, []byte("null"))), "JSON that is not a valid object is text")
}

const statementLine = `2026-11-28 18:02:05.124 UTC [4711] license-migrate@licensing LOG:  AUDIT: SESSION,3,1,ROLE,GRANT,TABLE,licensing.audit,GRANT SELECT ON licensing.audit TO "x",<not logged>`

func TestAMessageOfADatabaseIsAnEntryAndAStatementTheAuditTrail(t *testing.T) {
	t.Parallel()
	line, ok := postgres.ParseLog("2026-11-28 18:02:05.124 UTC [4711] license-api@licensing LOG:  process 4711 still waiting for ShareLock on transaction 12 after 1000.1 ms")
	require.True(t, ok)
	entry := databaseEntry("ledger", line)
	for _, filter := range []string{
		`resource.type="cloudsql_database" AND textPayload:"still waiting for"`,
		`resource.labels.database_id="` + cloudide.Project + `:ledger" AND log_id("cloudsql.googleapis.com/postgres.log") AND severity=INFO`,
	} {
		assert.True(t, selects(t, filter, entry), filter)
	}
	for level, severity := range map[string]string{"WARNING": "WARNING", "ERROR": "ERROR", "FATAL": "ALERT", "PANIC": "EMERGENCY", "STATEMENT": "INFO"} {
		assert.Equal(t, severity, databaseSeverity(level))
	}

	d := databaseDaemon(t)
	d.databaseMessage("ledger", statementLine)
	assert.Empty(t, d.audit.Recent(), "the program declares no data access log of Cloud SQL")
	require.NoError(t, d.store.Put(store.Resource{Type: gcp.TypeAuditConfig, ID: "sql", Inputs: map[string]any{"service": sqlAPI}}))
	d.databaseMessage("ledger", statementLine)
	d.databaseMessage("", statementLine)
	d.databaseMessage("ledger", "no message of PostgreSQL's")
	require.Len(t, d.audit.Recent(), 1)
	for _, filter := range []string{
		`log_id("cloudaudit.googleapis.com/data_access") AND protoPayload.serviceName="cloudsql.googleapis.com" AND protoPayload.methodName="cloudsql.instances.query"`,
		`resource.type="cloudsql_database" AND resource.labels.database_id="` + cloudide.Project + `:ledger"`,
		`protoPayload.request."@type"="type.googleapis.com/google.cloud.sql.audit.v1.PgAuditEntry" AND protoPayload.request.auditClass="ROLE"`,
		`protoPayload.request.user="license-migrate" AND protoPayload.request.database="licensing" AND protoPayload.request.statement:"GRANT SELECT"`,
	} {
		assert.True(t, selects(t, filter, d.audit.Recent()[0]), filter)
	}
}

// databaseDaemon is what a message of a database needs of a daemon.
func databaseDaemon(t *testing.T) *Daemon {
	t.Helper()
	dir := t.TempDir()
	declared := store.New()
	trail, err := audit.Open(filepath.Join(dir, "audit.jsonl"), cloudide.Project)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, trail.Close()) })
	watching, err := monitoring.Open(monitoring.Options{Dir: dir, Store: declared, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return &Daemon{store: declared, audit: trail, monitoring: watching, log: slog.New(slog.DiscardHandler)}
}

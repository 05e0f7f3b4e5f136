package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/host/logtail"
)

// readLogs is how often the logs of pods and databases are read.
const readLogs = 250 * time.Millisecond

// sqlAPI is the service of the audit trail of databases.
const sqlAPI = "cloudsql.googleapis.com"

// follow shows the monitoring every line that pods and databases log, as Cloud
// Logging has it, until ctx ends.
func (d *Daemon) follow(ctx context.Context) error {
	tail := logtail.New()
	defer tail.Close()
	held := map[string]string{} // a database's message whose end is not known yet
	ticker := time.NewTicker(readLogs)
	defer ticker.Stop()
	for {
		pods, databases := d.podLogs(), d.databases.logPaths()
		lines := map[string]bool{}
		tail.Read(slices.Concat(slices.Sorted(maps.Keys(pods)), slices.Sorted(maps.Keys(databases))), func(path string, line []byte) {
			if pod, is := pods[path]; is {
				d.monitoring.Entry(podEntry(pod, line))
				return
			}
			lines[path] = true
			if postgres.Continues(line) && held[path] != "" {
				held[path] += "\n" + string(line)
				return
			}
			d.databaseMessage(databases[path], held[path])
			held[path] = string(line)
		})
		for path, message := range held {
			if !lines[path] { // nothing followed
				d.databaseMessage(databases[path], message)
				delete(held, path)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// podLogs are the pods by the files that they log to.
func (d *Daemon) podLogs() map[string]kubelet.Pod {
	all := map[string]kubelet.Pod{}
	for _, p := range d.kubelet.Pods() {
		if p.LogPath != "" {
			all[p.LogPath] = p
		}
	}
	return all
}

// podEntry is a line of a container as GKE's agent sends it: JSON is taken apart, and
// what Cloud Logging has fields of its own for becomes those. Both streams are one
// file here, so that what is no JSON has the severity of standard output.
// https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields,
// https://cloud.google.com/monitoring/api/resources#tag_k8s_container
func podEntry(p kubelet.Pod, line []byte) map[string]any {
	labels := map[string]any{}
	for name, value := range p.Labels {
		labels["k8s-pod/"+name] = value
	}
	entry := map[string]any{
		"logName": "projects/" + cloudide.Project + "/logs/stdout", "timestamp": time.Now().UTC().Format(time.RFC3339Nano), "severity": "INFO", "labels": labels,
		"resource": map[string]any{"type": "k8s_container", "labels": map[string]any{
			"project_id": cloudide.Project, "location": cloudide.Region, "cluster_name": cloudide.Cluster,
			"namespace_name": p.Namespace, "pod_name": p.Name, "container_name": p.Container,
		}},
	}
	var fields map[string]any
	if json.Unmarshal(line, &fields) != nil || fields == nil {
		entry["textPayload"] = string(line)
		return entry
	}
	for special, name := range map[string]string{
		"severity": "severity", "httpRequest": "httpRequest", "time": "timestamp",
		"logging.googleapis.com/trace": "trace", "logging.googleapis.com/spanId": "spanId", "logging.googleapis.com/insertId": "insertId",
	} {
		if value, given := fields[special]; given {
			entry[name] = value
			delete(fields, special)
		}
	}
	entry["jsonPayload"] = fields
	return entry
}

// databaseMessage shows a message of a database's log. What pgaudit writes becomes
// the audit trail of Cloud SQL, and is not in the log of the database.
// https://cloud.google.com/sql/docs/postgres/pg-audit
func (d *Daemon) databaseMessage(instance, message string) {
	line, is := postgres.ParseLog(message)
	if !is || instance == "" {
		return
	}
	statement, audited := line.Audited()
	if !audited {
		d.monitoring.Entry(databaseEntry(instance, line))
		return
	}
	if !d.logsData(sqlAPI) {
		return
	}
	call := statementCall(instance, line, statement)
	if err := d.audit.Write(call); err != nil {
		d.log.Error("a statement is missing in the audit trail", "instance", instance, "error", err)
	}
}

// databaseLabels are the labels of the resource cloudsql_database.
// https://cloud.google.com/monitoring/api/resources#tag_cloudsql_database
func databaseLabels(instance string) map[string]any {
	return map[string]any{"database_id": cloudide.Project + ":" + instance, "project_id": cloudide.Project, "region": cloudide.Region}
}

func databaseEntry(instance string, line postgres.LogLine) map[string]any {
	text := line.Level + ":  " + line.Text
	if line.User != "" {
		text = fmt.Sprintf("db=%s,user=%s %s", line.Database, line.User, text)
	}
	return map[string]any{
		"logName": "projects/" + cloudide.Project + "/logs/cloudsql.googleapis.com%2Fpostgres.log", "timestamp": line.Time.Format(time.RFC3339Nano),
		"severity": databaseSeverity(line.Level), "textPayload": text,
		"resource": map[string]any{"type": "cloudsql_database", "labels": databaseLabels(instance)},
	}
}

// databaseSeverity is Cloud Logging's word for a level of PostgreSQL's.
func databaseSeverity(level string) string {
	switch level {
	case "WARNING":
		return "WARNING"
	case "ERROR":
		return "ERROR"
	case "FATAL":
		return "ALERT"
	case "PANIC":
		return "EMERGENCY"
	default:
		return "INFO"
	}
}

// statementCall is a statement in the shape of the audit trail.
func statementCall(instance string, line postgres.LogLine, s postgres.Statement) audit.Call {
	return audit.Call{
		Log: audit.DataAccess, Service: sqlAPI, Method: "cloudsql.instances.query", Principal: "",
		Resource: "projects/" + cloudide.Project + "/instances/" + instance, ResourceType: "cloudsql_database", ResourceLabels: databaseLabels(instance),
		Request: map[string]any{
			"@type": "type.googleapis.com/google.cloud.sql.audit.v1.PgAuditEntry", "auditType": s.Type, "auditClass": s.Class,
			"statementId": float64(s.ID), "substatementId": float64(s.Part), "command": s.Command, "objectType": s.ObjectType, "object": s.Object,
			"statement": s.Text, "parameter": s.Parameter, "user": line.User, "database": line.Database, "databaseSessionId": strconv.Itoa(line.PID),
			"chunkIndex": "1", "chunkCount": "1",
		},
	}
}

// Package audit is the audit trail of the embedded cloud: who called which method
// of which service on what, in the shape of Cloud Audit Logs.
// https://cloud.google.com/logging/docs/audit/understanding-audit-logs
package audit

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/host/logfile"
)

// The logs that an entry can be in.
const (
	// Activity has what changes something, always.
	Activity = "activity"
	// DataAccess has what reads or uses data, for the services that are configured.
	DataAccess = "data_access"
)

// maxRecent bounds what is kept in memory.
const maxRecent = 500

// Call is one call of one method.
type Call struct {
	// Log is Activity or DataAccess.
	Log string
	// Service is a name such as cloudkms.googleapis.com.
	Service string
	// Method is as the service logs it, for example AsymmetricSign.
	Method string
	// Resource is the full name of the resource of the call.
	Resource string
	// Principal is the e-mail address of who called.
	Principal string
	// Request is the part of the request that alerts read; nil leaves it out. It
	// never holds a secret.
	Request map[string]any
	// Code is how the call ended.
	Code codes.Code
	// ResourceType and ResourceLabels are the type and labels of the monitored resource:
	// audited_resource of the project when they are empty.
	ResourceType   string
	ResourceLabels map[string]any
}

// Entry is a log entry of Cloud Logging's, as a filter reads it.
type Entry = map[string]any

// Log is the trail. It is safe for concurrent use.
type Log struct {
	file    *logfile.File
	project string
	now     func() time.Time

	mu       sync.Mutex
	recent   []Entry
	watchers watch.List[Entry]
}

// Open opens the trail at path, of a project's.
func Open(path, project string) (*Log, error) {
	file, err := logfile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the audit trail: %w", err)
	}
	return &Log{file: file, project: project, now: time.Now}, nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// Write adds a call and tells the watchers.
func (l *Log) Write(c Call) error {
	entry := l.entry(c)
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode an entry of the audit trail: %w", err)
	}
	err = l.add(entry, append(line, '\n'))
	l.watchers.Tell(entry)
	return err
}

func (l *Log) add(entry Entry, line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = append(l.recent, entry)
	if over := len(l.recent) - maxRecent; over > 0 {
		l.recent = slices.Clone(l.recent[over:])
	}
	if _, err := l.file.Write(line); err != nil && !errors.Is(err, os.ErrClosed) { // closed: the daemon ends
		return fmt.Errorf("write the audit trail: %w", err)
	}
	return nil
}

// Recent lists the latest entries, the newest first.
func (l *Log) Recent() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	newest := slices.Clone(l.recent)
	slices.Reverse(newest)
	return newest
}

// Watch calls tell with every entry, until the returned function is called. tell
// must not block.
func (l *Log) Watch(tell func(Entry)) (unwatch func()) { return l.watchers.Add(tell) }

// entry is a call as Cloud Logging has it.
// https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
func (l *Log) entry(c Call) Entry {
	severity, status := "INFO", map[string]any{}
	if c.Log == Activity {
		severity = "NOTICE"
	}
	if c.Code != codes.OK {
		severity, status = "ERROR", map[string]any{"code": float64(c.Code), "message": c.Code.String()}
	}
	payload := map[string]any{
		"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": c.Service, "methodName": c.Method,
		"resourceName": c.Resource, "authenticationInfo": map[string]any{"principalEmail": c.Principal}, "status": status,
	}
	if c.Request != nil {
		payload["request"] = c.Request
	}
	kind, labels := "audited_resource", map[string]any{"service": c.Service, "method": c.Method, "project_id": l.project}
	if c.ResourceType != "" {
		kind, labels = c.ResourceType, c.ResourceLabels
	}
	return Entry{
		"insertId": rand.Text(), "logName": "projects/" + l.project + "/logs/cloudaudit.googleapis.com%2F" + c.Log,
		"timestamp": l.now().UTC().Format(time.RFC3339Nano), "severity": severity, "protoPayload": payload,
		"resource": map[string]any{"type": kind, "labels": labels},
	}
}

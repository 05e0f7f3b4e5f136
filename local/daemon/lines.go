package daemon

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/host/file"
	"github.com/coditect-ai/license-platform/local/report/page"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// Bounds of looking for the lines of one request.
const (
	maxTail  = 4 << 20 // of each log, in bytes
	maxFiles = 12
	maxLines = 100
	maxPages = 10  // of the ledger's events, of each tenant
	maxValue = 400 // of one field, in bytes
)

// Log implements page.Cloud: the load balancer's entry, the lines of the pods with the
// same trace, and the events of the ledger with the same request id.
func (w consoleData) Log(ctx context.Context, p requestlog.Passage) []page.Line {
	var all []page.Line
	if e, found := w.daemon.entry(p.ID); found {
		all = append(all, balancerLine(e))
	}
	lines, ids := w.daemon.podLines(p.Trace)
	all = append(all, lines...)
	if len(ids) > 0 {
		events, err := w.daemon.events(ctx, maxPages)
		if err != nil {
			w.daemon.log.Debug("the console cannot read the ledger", "error", err)
		}
		for _, e := range events {
			if slices.Contains(ids, e.RequestID) {
				all = append(all, ledgerLine(e))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b page.Line) int { return a.At.Compare(b.At) })
	return all[:min(len(all), maxLines)]
}

// entry is the load balancer's log entry of a request: one of the latest, or one in
// its file.
func (d *Daemon) entry(id string) (loadbalancer.LogEntry, bool) {
	for _, e := range d.loadBalancer.Recent() {
		if e.InsertID == id {
			return e, true
		}
	}
	for line := range matching(filepath.Join(d.options.Dir, "logs", "requests.jsonl"), `"insertId":"`+id+`"`) {
		var e loadbalancer.LogEntry
		if json.Unmarshal(line, &e) == nil && e.InsertID == id {
			return e, true
		}
	}
	return loadbalancer.LogEntry{}, false
}

func balancerLine(e loadbalancer.LogEntry) page.Line {
	l := page.Line{At: e.Timestamp, Source: "load balancer", Severity: e.Severity, Text: e.Payload.StatusDetails}
	add := func(name, value string) {
		if value != "" {
			l.Fields = append(l.Fields, page.Field{Name: name, Value: shortened(requestlog.Redact(value))})
		}
	}
	add("userAgent", e.HTTPRequest.UserAgent)
	add("serverIp", e.HTTPRequest.ServerIP)
	add("latency", e.HTTPRequest.Latency)
	add("requestSize", e.HTTPRequest.RequestSize)
	add("responseSize", e.HTTPRequest.ResponseSize)
	add("backend", e.Resource.Labels["backend_service_name"])
	for name, m := range map[string]*loadbalancer.PolicyMatch{"enforced": e.Payload.Enforced, "preview": e.Payload.Preview} {
		if m == nil {
			continue
		}
		add(name, fmt.Sprintf("%s %d %s", m.Name, m.Priority, m.Outcome))
		add(name+" signatures", strings.Join(m.MatchedRuleIDs, ", "))
		if m.RateLimit != nil {
			add(name+" rate limit", m.RateLimit.Outcome)
		}
	}
	slices.SortStableFunc(l.Fields, func(a, b page.Field) int { return cmp.Compare(a.Name, b.Name) })
	return l
}

// podLines are the lines that pods wrote about a trace, with the ids that the API gave
// the request. The newest files are looked at.
func (d *Daemon) podLines(traceID string) (lines []page.Line, ids []string) {
	if traceID == "" {
		return nil, nil
	}
	files, err := file.Matching(filepath.Join(d.options.Dir, "logs", "pods"), "*.log")
	if err != nil {
		return nil, nil
	}
	slices.SortFunc(files, func(a, b string) int { return modified(b).Compare(modified(a)) })
	for _, name := range files[:min(len(files), maxFiles)] {
		pod := strings.TrimSuffix(filepath.Base(name), ".log")
		_, pod, _ = strings.Cut(pod, "_") // NAMESPACE_POD
		for content := range matching(name, "/traces/"+traceID) {
			if l, id, ok := podLine(pod, content); ok && len(lines) < maxLines {
				lines = append(lines, l)
				if id != "" && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return lines, ids
}

// podLine reads a line in the shape of Cloud Logging's structured logs.
func podLine(pod string, content []byte) (l page.Line, id string, ok bool) {
	var fields map[string]any
	if json.Unmarshal(content, &fields) != nil {
		return page.Line{}, "", false
	}
	l = page.Line{Source: pod, Severity: text(fields["severity"]), Text: text(fields["message"])}
	l.At, _ = time.Parse(time.RFC3339Nano, text(fields["time"])) // a line without one comes first
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "time", "severity", "message", "logging.googleapis.com/trace", "logging.googleapis.com/spanId":
			continue
		}
		value, is := fields[name].(string)
		if !is {
			encoded, err := json.Marshal(fields[name])
			if err != nil {
				continue
			}
			value = string(encoded)
		}
		l.Fields = append(l.Fields, page.Field{Name: name, Value: shortened(requestlog.Redact(value))})
	}
	return l, text(fields["requestId"]), true
}

func ledgerLine(e event) page.Line {
	l := page.Line{At: e.At, Source: "ledger", Severity: "INFO", Text: string(e.Action)}
	for _, f := range []page.Field{
		{Name: "tenant", Value: e.tenant},
		{Name: "license", Value: e.License},
		{Name: "lease", Value: e.Lease},
		{Name: "user", Value: e.User},
		{Name: "code", Value: string(e.Code)},
		{Name: "detail", Value: e.Detail},
	} {
		if f.Value != "" {
			l.Fields = append(l.Fields, f)
		}
	}
	return l
}

// matching lists the lines of a file's end in which the words occur.
func matching(file, words string) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		content, err := tail(file, maxTail)
		if err != nil {
			return // it is gone, or not there yet
		}
		for line := range bytes.Lines(content) {
			if bytes.Contains(line, []byte(words)) && !yield(bytes.TrimSpace(line)) {
				return
			}
		}
	}
}

// tail reads at most so many bytes of a file's end.
func tail(file string, most int64) (content []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
}

func modified(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func shortened(value string) string {
	if len(value) > maxValue {
		return strings.ToValidUTF8(value[:maxValue], "") + "…"
	}
	return value
}

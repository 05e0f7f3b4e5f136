package daemon

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/report/page"
)

// maxTrail bounds what the console shows of the audit trail.
const maxTrail = 600

// Audit implements page.Cloud: Cloud Audit Logs, the API's ledger, and what the engine
// had the providers do, in one.
func (w consoleData) Audit(ctx context.Context) page.Audit {
	a := page.Audit{Entries: append([]page.Entry{}, w.daemon.operations.all()...)} // an empty list, never null
	for _, e := range w.daemon.audit.Recent() {
		a.Entries = append(a.Entries, cloudEntry(e))
	}
	events, err := w.daemon.events(ctx, 1)
	if err != nil {
		a.Why = err.Error()
	}
	for _, e := range events {
		a.Entries = append(a.Entries, ledgerEntry(e))
	}
	slices.SortStableFunc(a.Entries, func(x, y page.Entry) int { return cmp.Compare(y.At.UnixNano(), x.At.UnixNano()) })
	a.Entries = a.Entries[:min(len(a.Entries), maxTrail)]
	return a
}

// cloudEntry is an entry of Cloud Audit Logs.
func cloudEntry(e audit.Entry) page.Entry {
	payload, _ := e["protoPayload"].(map[string]any)
	authentication, _ := payload["authenticationInfo"].(map[string]any)
	status, _ := payload["status"].(map[string]any)
	shown := page.Entry{
		Source: "cloud", Who: text(authentication["principalEmail"]), Action: text(payload["methodName"]), On: lastParts(text(payload["resourceName"])), Outcome: "ok",
	}
	shown.At, _ = time.Parse(time.RFC3339Nano, text(e["timestamp"])) // it was written by this process
	if why := text(status["message"]); why != "" {
		shown.Outcome, shown.Bad = why, true
	}
	return shown
}

// ledgerEntry is an event of the API's own.
func ledgerEntry(e event) page.Entry {
	on := []string{e.tenant}
	for _, part := range []string{e.License, e.Lease, e.Detail} {
		if part != "" {
			on = append(on, part)
		}
	}
	shown := page.Entry{At: e.At, Source: "ledger", Who: cmp.Or(e.User, "the API itself"), Action: string(e.Action), On: strings.Join(on, " "), Outcome: "ok"}
	if e.Code != "" {
		shown.Outcome, shown.Bad = string(e.Code), true
	}
	return shown
}

func text(value any) string {
	s, _ := value.(string) // anything else has no place here
	return s
}

// lastParts are the parts of a full name that tell it from others here.
func lastParts(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

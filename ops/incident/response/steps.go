package response

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
)

// Names of steps: those that follow the cloud's own, and the cloud's step that verifies
// the lockdown.
const (
	verifyStep   = "verify"
	manifestStep = "manifest"
	pageStep     = "page"
	timelineStep = "timeline"
)

// everyRun tells whether a step is repeated in every run, because it describes all
// others.
func everyRun(name string) bool { return name == manifestStep || name == timelineStep }

// steps are all, in order. f is nil for a plan.
func (r *Response) steps(f *folder, since time.Time) []cloud.Action {
	all := append(r.Cloud.Evidence(since), r.Cloud.Backup("incident: "+r.Reason))
	shut := []cloud.Action{r.Cloud.Lockdown(), r.Cloud.Verify()}
	if r.Urgent {
		all = append(shut, all...)
	} else {
		all = append(all, shut...)
	}
	all = append(all, cloud.Action{
		Name: manifestStep, Does: "list every file with its size and SHA-256: " + manifestFile + ", " + checksumFile, Timeout: localTimeout,
		Do: func(context.Context, io.Writer) error { return f.writeManifest(r.Now().UTC()) },
	})
	if r.Pager != nil {
		all = append(all, cloud.Action{
			Name: pageStep, Does: "page the on-call engineer, with the manifest's checksum", Timeout: pageTimeout,
			Do: func(ctx context.Context, _ io.Writer) error { return r.Pager.Page(ctx, r.page(f)) },
		})
	}
	return append(all, cloud.Action{
		Name: timelineStep, Does: "what was done when: " + timelineFile, Timeout: localTimeout,
		Do: func(context.Context, io.Writer) error { return f.writeTimeline(r.Cloud.Undo()) },
	})
}

// page is the page to send. Its summary begins with the state of the lockdown.
func (r *Response) page(f *folder) Page {
	j := f.journal
	summary := "license API LOCKED DOWN (" + r.Stack + "): " + j.header.Reason
	if _, ok := j.done(verifyStep); !ok {
		summary = "license API: LOCKDOWN FAILED, it may still be open (" + r.Stack + "): " + j.header.Reason
	}
	const most = 1024 // https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
	if letters := []rune(summary); len(letters) > most {
		summary = string(letters[:most])
	}
	details := map[string]string{"began": stamp(j.header.At), "folder": f.dir}
	if sum, err := f.manifestSum(); err == nil {
		details["manifest_sha256"] = sum
	}
	broken := 0
	for name, e := range j.last {
		if e.State == failed {
			broken++
			details["failed_"+name] = "see the journal"
		}
	}
	details["failed_steps"] = strconv.Itoa(broken)
	return Page{
		Incident: fmt.Sprintf("license-platform-%s-%s", r.Stack, j.header.At.Format("20060102T150405Z")),
		Summary:  summary, Source: "license-platform/" + r.Stack, At: j.header.At, Details: details,
	}
}

package response

import (
	"fmt"
	"os"
	"strings"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
)

// timelineFile is for people: the beginning of the report.
const timelineFile = "timeline.md"

func (f *folder) writeTimeline(undo []cloud.Command) error {
	var text strings.Builder
	printf := func(format string, arguments ...any) { fmt.Fprintf(&text, format+"\n", arguments...) }
	j := f.journal
	printf("# Incident of %s, stack %s\n", stamp(j.header.At), j.header.Stack)
	printf("Reason: %s\n", j.header.Reason)
	printf("Evidence begins at %s. `sha256sum --check %s` shows that it is as it was kept.\n", stamp(j.header.Since), checksumFile)
	printf("| When (UTC) | What | Outcome |\n|---|---|---|")
	for _, e := range j.entries {
		if e.State == started {
			continue
		}
		printf("| %s | %s | %s |", e.At.Format("2006-01-02 15:04:05"), e.Step, cell(outcome(e)))
	}
	if sum, err := f.manifestSum(); err == nil {
		printf("\nThe manifest's SHA-256 is `%s`; the page carries it too.", sum)
	}
	printf("\n## What is left to do\n")
	for name, e := range j.last {
		if e.State == failed && !everyRun(name) {
			printf("- [ ] %s failed: run the response again with this folder", name)
		}
	}
	printf("- [ ] Commit the setting `platform.lockdown: true`: the next deployment from the repository takes the lockdown back without it")
	printf("- [ ] Where lockdown.txt tells of another update that held the stack: stop that update, and do what is said there")
	printf("- [ ] Copy this folder to a place that the attacked project cannot reach")
	printf("- [ ] End sessions that were opened before: an ID token lives for up to an hour after sign-in is suspended")
	printf("- [ ] Find the cause, and write down what happened before the first line above")
	printf("- [ ] Take the lockdown back:")
	for _, c := range undo {
		printf("      `%s`", c)
	}
	if err := os.WriteFile(f.at(timelineFile), []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	return nil
}

// cell makes text fit into a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

package response_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
	"github.com/coditect-ai/license-platform/ops/incident/response"
)

// place is a cloud of a few actions that can be told to fail or to hang.
type place struct {
	done  []string
	fails map[string]error
	hangs string
	since time.Time
}

func (p *place) action(name, file string) cloud.Action {
	timeout := time.Minute
	if p.hangs == name {
		timeout = 50 * time.Millisecond
	}
	return cloud.Action{
		Name: name, Does: "do " + name, File: file, Timeout: timeout, Commands: []cloud.Command{{Name: "tool", Args: []string{name}}},
		Do: func(ctx context.Context, out io.Writer) error {
			p.done = append(p.done, name)
			if p.hangs == name {
				<-ctx.Done()
				return ctx.Err()
			}
			_, _ = fmt.Fprintf(out, "what %s found\n", name)
			return p.fails[name]
		},
	}
}

func (p *place) Evidence(since time.Time) []cloud.Action {
	p.since = since
	return []cloud.Action{p.action("pod-logs", "pod-logs.txt"), p.action("events", "events.json")}
}
func (p *place) Backup(string) cloud.Action { return p.action("backup", "backup.json") }
func (p *place) Lockdown() cloud.Action     { return p.action("lockdown", "lockdown.txt") }
func (p *place) Verify() cloud.Action       { return p.action("verify", "verify.txt") }
func (p *place) Undo() []cloud.Command {
	return []cloud.Command{{Name: "tool", Args: []string{"open up"}}}
}

// pager remembers pages.
type pager struct {
	place *place
	pages []response.Page
}

func (p *pager) Page(_ context.Context, page response.Page) error {
	p.place.done = append(p.place.done, "page")
	p.pages = append(p.pages, page)
	return p.place.fails["page"]
}

// incident is one response to a place, with a clock that goes on a second at a
// look.
func incident(t *testing.T) (*response.Response, *place, *pager, *bytes.Buffer) {
	t.Helper()
	clock := time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	where, out := &place{fails: map[string]error{}}, &bytes.Buffer{}
	pages := &pager{place: where}
	return &response.Response{
		Cloud: where, Pager: pages, Stack: "prod", Reason: "stolen licences", Since: clock.Add(-time.Hour),
		Dir: filepath.Join(t.TempDir(), "incident"), Out: out, Now: func() time.Time { clock = clock.Add(time.Second); return clock },
	}, where, pages, out
}

func read(t *testing.T, r *response.Response, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.Dir, name))
	require.NoError(t, err)
	return string(content)
}

func TestEvidenceComesFirstThenBackupLockdownAndPage(t *testing.T) {
	t.Parallel()
	r, where, pages, _ := incident(t)
	require.NoError(t, r.Run(t.Context()))

	assert.Equal(t, []string{"pod-logs", "events", "backup", "lockdown", "verify", "page"}, where.done)
	require.Len(t, pages.pages, 1)
	page := pages.pages[0]
	assert.Equal(t, "license API LOCKED DOWN (prod): stolen licences", page.Summary)
	assert.Equal(t, "0", page.Details["failed_steps"])
	sum := sha256.Sum256([]byte(read(t, r, "manifest.json")))
	timeline := read(t, r, "timeline.md")
	for _, line := range []string{"pod-logs", "backup", "lockdown", "page", "platform.lockdown", "another update that held the stack", "tool 'open up'"} {
		assert.Contains(t, timeline, line)
	}
	assert.Contains(t, page.Details, "manifest_sha256")
	assert.Contains(t, timeline, hex.EncodeToString(sum[:]))
}

func TestTheManifestListsEveryFileAndItsChecksumsVerify(t *testing.T) {
	t.Parallel()
	r, _, pages, _ := incident(t)
	require.NoError(t, r.Run(t.Context()))

	var manifest struct {
		Stack, Reason string
		Files         []struct {
			Name, SHA256, Step string
			Bytes              int64
			Commands           []string
			Complete           bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, r, "manifest.json")), &manifest))
	assert.Equal(t, "prod", manifest.Stack)
	require.Len(t, manifest.Files, 5)
	for _, file := range manifest.Files {
		content := read(t, r, file.Name)
		sum := sha256.Sum256([]byte(content))
		assert.Equal(t, hex.EncodeToString(sum[:]), file.SHA256, file.Name)
		assert.EqualValues(t, len(content), file.Bytes, file.Name)
		assert.Equal(t, []string{"tool " + file.Step}, file.Commands)
		assert.True(t, file.Complete)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = r.Dir
	output, err := check.CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Equal(t, pages.pages[0].Details["manifest_sha256"], strings.Fields(read(t, r, "SHA256SUMS"))[10])

	for _, name := range []string{"pod-logs.txt", "manifest.json", "journal.jsonl", "timeline.md"} {
		info, err := os.Stat(filepath.Join(r.Dir, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestADryRunShowsEveryStepAndTouchesNothing(t *testing.T) {
	t.Parallel()
	r, where, pages, out := incident(t)
	require.NoError(t, r.Plan())

	assert.Empty(t, where.done)
	assert.Empty(t, pages.pages)
	assert.NoDirExists(t, r.Dir)
	for _, line := range []string{"DRY RUN", "pod-logs", "$ tool backup", "$ tool lockdown", "page", "timeline", "$ tool 'open up'"} {
		assert.Contains(t, out.String(), line)
	}
}

func TestAFailedStepDoesNotPreventTheLockdown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pod-logs", "events", "backup"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, where, pages, _ := incident(t)
			where.fails[name] = errors.New("no such thing")
			err := r.Run(t.Context())
			require.ErrorIs(t, err, response.ErrIncomplete)
			assert.ErrorContains(t, err, name+": no such thing")
			assert.Contains(t, where.done, "lockdown")
			assert.Equal(t, "1", pages.pages[0].Details["failed_steps"])
			assert.Contains(t, read(t, r, "timeline.md"), "- [ ] "+name+" failed")
			assert.Contains(t, read(t, r, "manifest.json"), `"complete": false`, "half the evidence is kept, and said to be half")
		})
	}
}

func TestAStepThatHangsIsCutShort(t *testing.T) {
	t.Parallel()
	r, where, _, _ := incident(t)
	where.hangs = "events"
	err := r.Run(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "events: not done within 50ms")
	assert.Contains(t, where.done, "lockdown")
}

func TestAResponseGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	r, where, pages, out := incident(t)
	where.fails["backup"] = errors.New("busy")
	require.Error(t, r.Run(t.Context()))
	evidence := read(t, r, "pod-logs.txt")

	delete(where.fails, "backup")
	where.done = nil
	r.Since = time.Now()
	require.NoError(t, r.Run(t.Context()))
	assert.Equal(t, []string{"backup"}, where.done, "nothing else is done twice, and nobody is paged twice")
	assert.Len(t, pages.pages, 1)
	assert.Equal(t, evidence, read(t, r, "pod-logs.txt"))
	assert.Equal(t, 2026, where.since.Year())
	assert.Equal(t, 16, where.since.Hour(), "the evidence begins where the incident's first response said")
	assert.NotContains(t, read(t, r, "timeline.md"), "backup failed")

	out.Reset()
	require.NoError(t, r.Plan())
	assert.Contains(t, out.String(), "(done at 2026-11-23")
}

func TestWhenTheAttackGoesOnTheLockdownComesFirst(t *testing.T) {
	t.Parallel()
	r, where, _, _ := incident(t)
	r.Urgent = true
	require.NoError(t, r.Run(t.Context()))
	assert.Equal(t, []string{"lockdown", "verify", "pod-logs", "events", "backup", "page"}, where.done)
}

func TestAnUnverifiedLockdownIsPagedAndAgainOnceItIsVerified(t *testing.T) {
	t.Parallel()
	r, where, pages, _ := incident(t)
	where.fails["lockdown"] = errors.New("no network")
	where.fails["verify"] = errors.New("it answers 200")
	require.Error(t, r.Run(t.Context()))
	assert.Contains(t, pages.pages[0].Summary, "LOCKDOWN FAILED")

	delete(where.fails, "lockdown")
	require.Error(t, r.Run(t.Context()))
	assert.Len(t, pages.pages, 1, "declared is not shut")
	delete(where.fails, "verify")
	require.NoError(t, r.Run(t.Context()))
	require.Len(t, pages.pages, 2)
	assert.Contains(t, pages.pages[1].Summary, "LOCKED DOWN")
	assert.Equal(t, pages.pages[0].Incident, pages.pages[1].Incident, "the same incident, which does not ring again")
}

func TestEvidenceThatWasChangedIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	r, where, _, _ := incident(t)
	require.NoError(t, r.Run(t.Context()))
	require.NoError(t, os.WriteFile(filepath.Join(r.Dir, "events.json"), []byte("nothing happened"), 0o600))
	where.done = nil
	assert.ErrorContains(t, r.Run(t.Context()), "was changed after step")
	assert.Empty(t, where.done)
}

func TestAJournalThatACrashCutShortIsGoneOnWith(t *testing.T) {
	t.Parallel()
	r, where, _, _ := incident(t)
	require.NoError(t, r.Run(t.Context()))
	journal := read(t, r, "journal.jsonl")
	begun := strings.Index(journal, `{"step":"lockdown"`)
	require.Positive(t, begun)
	for _, cut := range []int{begun, begun + 10, len(journal) - 5} {
		require.NoError(t, os.WriteFile(filepath.Join(r.Dir, "journal.jsonl"), []byte(journal[:cut]), 0o600))
		where.done = nil
		require.NoError(t, r.Run(t.Context()), "cut at %d", cut)
		assert.NotContains(t, where.done, "backup", "what was written down is not done again")
		if cut <= begun+10 {
			assert.Equal(t, []string{"lockdown", "verify", "page"}, where.done)
		}
	}
}

func TestAnInterruptedResponseStopsAndCanGoOn(t *testing.T) {
	t.Parallel()
	r, where, _, _ := incident(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Run(ctx), context.Canceled)
	assert.Empty(t, where.done)
	require.NoError(t, r.Run(t.Context()))
}

func TestAnIncidentBelongsToOneStack(t *testing.T) {
	t.Parallel()
	r, _, _, _ := incident(t)
	require.NoError(t, r.Run(t.Context()))
	r.Stack = "dev"
	assert.ErrorContains(t, r.Run(t.Context()), "is an incident of stack prod, not of dev")
}

// Package response carries out the steps of an incident response, in the order that loses
// least: evidence, backup, lockdown, a manifest of it all, a page, a timeline. Every
// finished step is written to a journal at once, so that an interrupted response
// continues where it ended.
package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coditect-ai/license-platform/ops/incident/cloud"
)

// Pager tells the on-call engineer.
type Pager interface {
	// Page sends one message; the same incident twice is one page.
	Page(ctx context.Context, p Page) error
}

// Page is what the on-call engineer is told.
type Page struct {
	// Incident names the incident and keeps a repeated page from ringing twice.
	Incident string
	// Summary is one line, at most 1024 characters.
	Summary string
	// Source is what is affected, for example the stack.
	Source string
	// At is when the response began.
	At time.Time
	// Details are shown below the summary.
	Details map[string]string
}

// Response is one incident's.
type Response struct {
	// Cloud is where the stack runs.
	Cloud cloud.Cloud
	// Pager is nil when no page is to be sent.
	Pager Pager
	// Stack is the stack's name, Reason why all this is done, in a line.
	Stack, Reason string
	// Urgent locks down before anything else: during an attack, waiting for the evidence
	// costs more than the evidence is worth.
	Urgent bool
	// Since is the beginning of the evidence, if the incident is new.
	Since time.Time
	// Dir is the incident's folder. The response in an existing folder is continued.
	Dir string
	// Out shows the progress.
	Out io.Writer
	// Now is the clock.
	Now func() time.Time
}

// pageTimeout bounds the page with its repetitions, localTimeout what only
// writes files.
const (
	pageTimeout  = 2 * time.Minute
	localTimeout = time.Minute
)

// ErrIncomplete is wrapped by the error of a response with a failed step. The other steps
// were done; another run does the failed ones.
var ErrIncomplete = errors.New("the response is not complete")

// Plan prints what Run would do, and does nothing.
func (r *Response) Plan() error {
	r.printf("DRY RUN of an incident response for stack %s: nothing is touched. With --execute it is done.", r.Stack)
	j, err := readJournal(r.Dir)
	if err != nil {
		return err
	}
	since := r.Since
	if j.header.Stack != "" {
		since = j.header.Since
		r.printf("%s holds an incident that began at %s; it is continued.", r.Dir, stamp(j.header.At))
	}
	for n, s := range r.steps(nil, since) {
		state := ""
		if last, ok := j.done(s.Name); ok && !j.outdated(last) {
			state = "  (done at " + stamp(last.At) + ")"
		}
		r.printf("%2d. %-16s %s%s", n+1, s.Name, s.Does, state)
		for _, c := range s.Commands {
			r.printf("      $ %s", c)
		}
	}
	r.printf("To take the lockdown back:")
	for _, c := range r.Cloud.Undo() {
		r.printf("      $ %s", c)
	}
	return nil
}

// Run does every step that is not done yet. It continues after a failed step: missing evidence must not prevent the
// lockdown. It returns the incident's folder, and an error that wraps ErrIncomplete and every step's own.
func (r *Response) Run(ctx context.Context) error {
	f, err := openFolder(r.Dir, header{Stack: r.Stack, Reason: r.Reason, At: r.Now().UTC(), Since: r.Since.UTC()})
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }()
	if f.journal.header.Stack != r.Stack {
		return fmt.Errorf("%s is an incident of stack %s, not of %s", r.Dir, f.journal.header.Stack, r.Stack)
	}
	if err := f.verify(); err != nil {
		return err
	}
	var failed []error
	for _, s := range r.steps(f, f.journal.header.Since) {
		if err := ctx.Err(); err != nil {
			failed = append(failed, fmt.Errorf("%s and what follows: %w", s.Name, err))
			break
		}
		if err := r.perform(ctx, f, s); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
		}
	}
	if len(failed) > 0 {
		return errors.Join(append([]error{fmt.Errorf("%w: run it again with --folder %s", ErrIncomplete, r.Dir)}, failed...)...)
	}
	return nil
}

// perform does one step, unless it is done, and writes both to the journal.
func (r *Response) perform(ctx context.Context, f *folder, s cloud.Action) error {
	if last, ok := f.journal.done(s.Name); ok && !everyRun(s.Name) && !f.journal.outdated(last) {
		r.printf("%-16s done at %s", s.Name, stamp(last.At))
		return nil
	}
	begun := r.Now().UTC()
	if err := f.journal.add(entry{Step: s.Name, State: started, At: begun, Commands: texts(s.Commands)}); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	kept, err := f.keep(s.File, func(out io.Writer) error { return s.Do(limited, out) })
	e := entry{Step: s.Name, State: done, At: r.Now().UTC(), Began: begun, File: kept, Does: s.Does}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = fmt.Errorf("not done within %s: %w", s.Timeout, err)
		}
		e.State, e.Error = failed, err.Error()
	}
	r.printf("%-16s %s", s.Name, outcome(e))
	return errors.Join(err, f.journal.add(e))
}

func outcome(e entry) string {
	took := e.At.Sub(e.Began).Round(10 * time.Millisecond)
	switch {
	case e.State == failed:
		return "FAILED after " + took.String() + ": " + e.Error
	case e.File.Name == "":
		return "done in " + took.String()
	default:
		return fmt.Sprintf("done in %s: %s, %d bytes", took, e.File.Name, e.File.Bytes)
	}
}

func (r *Response) printf(format string, arguments ...any) {
	_, _ = fmt.Fprintf(r.Out, format+"\n", arguments...) // a closed terminal must not stop the response
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func texts(commands []cloud.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.String())
	}
	return all
}

// Package cloud is what an incident response does to the place where the stack
// runs: collect evidence, take a backup, lock down. There is one file per place.
//
// Both places are driven by programs that an on-call engineer has and knows
// (gcloud, kubectl, pulumi; pg_dumpall and the embedded cloud's own command),
// started with argument lists and never through a shell. Client libraries would
// need credentials of their own. The programs use the engineer's sign-in with its
// second factor, and the evidence is Google's unchanged answer. Every command that a
// dry run prints can also be typed by hand, should this program fail.
package cloud

import (
	"context"
	"io"
	"time"
)

// Cloud is a place where the stack runs.
type Cloud interface {
	// Evidence are read-only actions, the most fleeting first. Each writes one
	// file. since is the beginning of what is asked for.
	Evidence(since time.Time) []Action
	// Backup keeps the database as it is. reason is written on the backup.
	Backup(reason string) Action
	// Lockdown shuts the license API by the stack's own setting.
	Lockdown() Action
	// Verify checks from outside that requests are refused.
	Verify() Action
	// Undo is how a person takes the lockdown back.
	Undo() []Command
}

// Action is one thing that is done in an incident.
type Action struct {
	// Name tells actions apart in the journal: lower-case letters and dashes.
	Name string
	// Does says it in a line.
	Does string
	// Commands are what is run, in this order; empty where files are copied.
	Commands []Command
	// File is where the output goes, below the folder of evidence.
	File string
	// Timeout bounds the action.
	Timeout time.Duration
	// Do does it and writes to out. It has to bear being done again.
	Do func(ctx context.Context, out io.Writer) error
}

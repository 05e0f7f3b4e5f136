package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command is a program with its arguments; no shell reads it.
type Command struct {
	// Name is looked up on the PATH.
	Name string
	// Args go to the program as they are.
	Args []string
	// Env is added to this process's environment, as NAME=VALUE.
	Env []string
	// Dir is where the program runs; empty means here.
	Dir string
}

// String is the command as a person would type it.
func (c Command) String() string {
	words := append(append([]string{}, c.Env...), c.Name)
	for _, word := range c.Args {
		if word == "" || strings.ContainsAny(word, " \t\n\"'$&|<>()*?;\\`#") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// Runner runs a command and writes its standard output to out.
type Runner func(ctx context.Context, c Command, out io.Writer) error

const (
	// grace is how long a program may take to end after an interrupt: Pulumi
	// finishes the resource that it is at and writes its state.
	grace = 30 * time.Second
	// shownBytes is how much of a failed program's complaint is told.
	shownBytes = 2000
)

// Run is the Runner that starts programs. When ctx ends the program is
// interrupted, and killed only if that does not help.
func Run(ctx context.Context, c Command, out io.Writer) error {
	var complaint bytes.Buffer
	process := exec.CommandContext(ctx, c.Name, c.Args...)
	process.Env, process.Dir = append(os.Environ(), c.Env...), c.Dir
	process.Stdout, process.Stderr = out, &complaint
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGINT) }
	process.WaitDelay = grace
	err := process.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	text := strings.TrimSpace(complaint.String())
	if len(text) > shownBytes {
		text = "…" + text[len(text)-shownBytes:]
	}
	if text == "" {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return fmt.Errorf("%s: %w: %s", c.Name, err, text)
}

// inOrder makes an action of commands that run one after the other and write to
// the same file.
func inOrder(run Runner, a Action, commands ...Command) Action {
	a.Commands = commands
	a.Do = func(ctx context.Context, out io.Writer) error {
		for _, c := range commands {
			if err := run(ctx, c, out); err != nil {
				return err
			}
		}
		return nil
	}
	return a
}

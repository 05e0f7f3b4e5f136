package toolchain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// interruptTimeout is how long the CLI may take to end in order after an interruption.
const interruptTimeout = 30 * time.Second

// CLI is a Pulumi CLI for the Automation API. Its processes form groups of their
// own, because Ctrl-C in a terminal reaches every process of the foreground group. A
// CLI that is interrupted twice, by the terminal and by the Automation API, ends
// at once and leaves a broken state behind.
type CLI struct {
	path    string
	version semver.Version
}

var _ auto.PulumiCommand = CLI{}

// Path is where the program is.
func (c CLI) Path() string { return c.path }

// Version implements auto.PulumiCommand.
func (c CLI) Version() semver.Version { return c.version }

// Run implements auto.PulumiCommand.
func (c CLI) Run(
	ctx context.Context, workdir string, stdin io.Reader, outputs, errorOutputs []io.Writer, environment []string, arguments ...string,
) (string, string, int, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, c.path, nonInteractive(arguments)...)
	command.Dir, command.Stdin = workdir, stdin
	command.Env = append(append(os.Environ(), environment...), "PULUMI_AUTOMATION_API=true")
	command.Stdout = io.MultiWriter(append(slices.Clone(outputs), &stdout)...)
	command.Stderr = io.MultiWriter(append(slices.Clone(errorOutputs), &stderr)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptTimeout
	err := command.Run()
	code := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		code = -2 // what the Automation API takes for unknown
	}
	return stdout.String(), stderr.String(), code, err
}

// nonInteractive keeps the CLI from asking questions that nobody would answer.
func nonInteractive(arguments []string) []string {
	if slices.Contains(arguments, "--non-interactive") {
		return arguments
	}
	return append([]string{"--non-interactive"}, arguments...)
}

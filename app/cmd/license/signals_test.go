package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/output"
)

// holding is a `license run` under way, whose command runs until it is told to end.
type holding struct {
	ended   chan error
	folder  string
	signals chan os.Signal
	out     *output.Text
}

// holdSeat runs a command that prints the signals that it gets.
func (s *server) holdSeat(t *testing.T, environment map[string]string) *holding {
	t.Helper()
	h := &holding{ended: make(chan error, 1), folder: t.TempDir(), signals: make(chan os.Signal, 1), out: &output.Text{}}
	go func() {
		h.ended <- run(t.Context(), []string{"run", "--", "sh", "-c", `trap "echo told" USR1; touch "$0/started"; until [ -e "$0/end" ]; do sleep 0.02; done; exit 3`, h.folder}, process{
			env: func(name string) string { return environment[name] }, in: strings.NewReader(""), out: h.out, err: h.out,
			signals: func() (<-chan os.Signal, func()) { return h.signals, func() {} },
		})
	}()
	return h
}

func (h *holding) started() bool {
	_, err := os.Stat(filepath.Join(h.folder, "started"))
	return err == nil
}

func (h *holding) end(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.folder, "end"), nil, 0o600))
	assert.Equal(t, exitError(3), await.Receive(t, h.ended))
}

func TestASignalEndsTheWaitForASeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.url = "http://127.0.0.1:1" // nobody answers
	h := s.holdSeat(t, s.environment())
	h.signals <- syscall.SIGHUP
	assert.ErrorIs(t, await.Receive(t, h.ended), context.Canceled)
	assert.False(t, h.started())
}

func TestAnInterruptEndsTheCommandAndReleasesTheSeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	started := filepath.Join(t.TempDir(), "started")
	ended := make(chan error, 1)
	go func() {
		_, _, err := license(ctx, s.environment(), "", "run", "--", "sh", "-c", `touch "$0"; exec sleep 600`, started)
		ended <- err
	}()
	await.True(t, func() bool { _, err := os.Stat(started); return err == nil })
	interrupt()
	assert.Equal(t, exitError(128+15), await.Receive(t, ended))
	assert.Contains(t, s.called(), "release")
}

func TestACommandThatDoesNotEndAtAnInterruptIsKilledAndTheSeatReleased(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		grace string
		twice bool
	}{
		"after its grace":         {"100ms", false},
		"at the second interrupt": {"1h", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			again := make(chan struct{})
			started := filepath.Join(t.TempDir(), "started")
			ended := make(chan error, 1)
			go func() {
				_, _, err := licenseUntil(ctx, again, s.environment(), "", "run", "--grace", test.grace, "--", "sh", "-c", `trap "" TERM; touch "$0"; while :; do sleep 0.05; done`, started)
				ended <- err
			}()
			await.True(t, func() bool { _, err := os.Stat(started); return err == nil })
			interrupt()
			if test.twice {
				close(again)
			}
			assert.Equal(t, exitError(128+9), await.Receive(t, ended))
			assert.Contains(t, s.called(), "release")
		})
	}
}

func TestALostSeatEndsTheCommandAlsoWhenNobodyReadsOfIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.heartbeat = "license_revoked"
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), os.Args[0], "run", "--stop-when-lost", "--", "sleep", "60")
	command.Env, command.Stderr = []string{"TEST_OF_LICENSE=main", "PATH=" + os.Getenv("PATH")}, writer
	for name, value := range s.environment() {
		command.Env = append(command.Env, name+"="+value)
	}
	require.NoError(t, command.Start())
	require.NoError(t, errors.Join(reader.Close(), writer.Close()))
	var ended *exec.ExitError
	require.ErrorAs(t, command.Wait(), &ended)
	assert.Equal(t, 128+15, ended.ExitCode(), "%s", ended)
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

func TestAnInterruptEndsTheWaitForALicenceFile(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, errors.Join(writer.Close(), reader.Close())) })
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"verify"}, process{env: func(string) string { return "" }, in: reader, out: io.Discard, err: io.Discard})
	}()
	interrupt()
	assert.ErrorIs(t, await.Receive(t, ended), context.Canceled)
}

func TestTheProgramEndsTwoSecondsAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	assert.Less(t, commandGrace+hastyRelease, 2*time.Second)
}

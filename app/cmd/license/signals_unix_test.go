//go:build !windows

package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestTheCommandGetsTheSignalsThatAreNotForTheProgram(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.holdSeat(t, s.environment())
	await.True(t, h.started)
	// Not SIGHUP: below nohup it is ignored, and a shell cannot trap what is ignored.
	h.signals <- syscall.SIGUSR1
	await.True(t, func() bool { return strings.Contains(h.out.String(), "told") })
	assert.NotContains(t, s.called(), "release", "the command goes on, and so does its seat")
	h.end(t)
	assert.Contains(t, s.called(), "release")
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/verify"
)

func TestASeatIsHeldWhileACommandRuns(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, _, err := license(t.Context(), s.environment(), "", "run", "--", "echo", "working")
	require.NoError(t, err)
	assert.Equal(t, "working\n", out)
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, s.called())
}

func TestRunEndsAsItsCommandDoesAndReleasesTheSeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, _, err := license(t.Context(), s.environment(), "", "run", "--", "sh", "-c", "exit 7")
	assert.Equal(t, exitError(7), err)
	assert.Contains(t, s.called(), "release")
	out, _, err := license(t.Context(), s.environment(), "in\n", "run", "--", "cat")
	require.NoError(t, err)
	assert.Equal(t, "in\n", out, "the command reads what the program is given")

	before := len(s.called())
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	for command, want := range map[string]exitError{filepath.Join(folder, "none"): 127, "no-such-command": 127, plain: 126, folder: 126} {
		_, _, err = license(t.Context(), s.environment(), "", "run", "--", command)
		require.ErrorContains(t, err, "cannot run the command")
		var code exitError
		require.ErrorAs(t, err, &code)
		assert.Equal(t, want, code, command)
	}
	assert.Len(t, s.called(), before, "no seat is taken for it")
}

func TestNoCommandRunsWithoutASeat(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.refuse = "license_suspended"
	out, _, err := license(t.Context(), s.environment(), "", "run", "--", "echo", "working")
	assert.ErrorContains(t, err, "license_suspended")
	assert.Empty(t, out)
}

func TestALostSeatIsSaidAndEndsTheCommandWhenAskedTo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.heartbeat = "license_revoked"
	_, said, err := license(t.Context(), s.environment(), "", "run", "--stop-when-lost", "--", "sleep", "600")
	assert.Equal(t, exitError(128+15), err)
	assert.Contains(t, said, "the seat is lost: license_revoked")
}

func TestACommandRunsOnlyWithTheFeaturesThatItNeeds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, said, err := license(t.Context(), s.environment(), "", "run", "--feature", "export", "--", "echo", "working")
	require.NoError(t, err)
	assert.Equal(t, "working\n", out)
	assert.Contains(t, said, "the licence's time is over")
	environment := s.environment()
	environment["LICENSE_FEATURES"] = "export, sso,"
	out, _, err = license(t.Context(), environment, "", "run", "--", "echo", "working")
	require.ErrorIs(t, err, verify.ErrFeature)
	assert.Empty(t, out)
	assert.Equal(t, "release", s.called()[len(s.called())-1], "the seat of no use goes back")
	_, _, err = license(t.Context(), environment, "", "run", "--feature", "export", "--", "true")
	require.NoError(t, err, "options stand before the variable")
	environment["LICENSE_FEATURES"] = " export ,"
	_, _, err = license(t.Context(), environment, "", "run", "--", "true")
	require.NoError(t, err, "a list may have spaces, and a comma at its end")
}

func TestTheIdentityTokenIsNotHandedToTheCommand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		same func(one, other string) bool
		want []string
	}{
		"on Windows": {strings.EqualFold, []string{"HOME=/root", "LICENSE_ID=demo", "LICENSE_TOKEN_FILE=token"}},
		"elsewhere":  {func(one, other string) bool { return one == other }, []string{"HOME=/root", "License_Token=other", "LICENSE_ID=demo", "LICENSE_TOKEN_FILE=token"}},
	} {
		environment := []string{"HOME=/root", "LICENSE_TOKEN=secret", "License_Token=other", "LICENSE_CREDENTIAL=secret", "LICENSE_ID=demo", "LICENSE_TOKEN_FILE=token"}
		assert.Equal(t, test.want, withoutSecrets(environment, test.same), name)
	}
}

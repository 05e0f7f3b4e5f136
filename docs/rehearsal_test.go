package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// rehearsed is how a playbook says how its alert is made to fire, and command a
// command in it.
var (
	rehearsed = regexp.MustCompile(`(?m)^Rehearse it in the \[embedded cloud\]\(\.\./local\.md#rehearse-alerts\): (.*)$`)
	rehearse  = regexp.MustCompile("`bin/local ([^`]+)`")
)

// wrongRehearsal says what is wrong with how a playbook is rehearsed; empty when
// nothing is.
func wrongRehearsal(playbook string) string {
	lines := rehearsed.FindAllStringSubmatch(playbook, -1)
	if len(lines) != 1 {
		return "it does not say, in one line, how it is rehearsed"
	}
	var commands []string
	for _, found := range rehearse.FindAllStringSubmatch(lines[0][1], -1) {
		commands = append(commands, found[1])
	}
	if len(commands) == 0 {
		return "its rehearsal names no command"
	}
	verb, name, _ := strings.Cut(commands[0], " ")
	switch {
	case commands[0] == "drift" && len(commands) == 1:
		return ""
	case verb != "fail" || len(commands) != 2 || commands[1] != "heal":
		return "its rehearsal is neither `fail` and `heal` nor `drift`"
	}
	if _, known := fault.Find(name); !known {
		return "there is no fault " + name
	}
	return ""
}

func TestEveryPlaybookCanBeRehearsed(t *testing.T) {
	t.Parallel()
	written, err := filepath.Glob(filepath.Join("playbooks", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, written)
	for _, playbook := range written {
		text, err := os.ReadFile(playbook)
		require.NoError(t, err)
		assert.Empty(t, wrongRehearsal(string(text)), playbook)
	}
	const line = "Rehearse it in the [embedded cloud](../local.md#rehearse-alerts): "
	for wrong, text := range map[string]string{
		"it does not say, in one line":             "# SomeAlert\n",
		"its rehearsal names no command":           line + "somehow.",
		"there is no fault kmss":                   line + "`bin/local fail kmss`, and `bin/local heal`.",
		"its rehearsal is neither `fail` and":      line + "`bin/local fail kms`.",
		"its rehearsal is neither `fail` and `hea": line + "`bin/local attack`, and `bin/local heal`.",
	} {
		assert.Contains(t, wrongRehearsal(text), wrong)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testKey = "0123456789abcdef0123456789abcdef"

func TestWhatIsMissingIsToldBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(keyFile, []byte("not a key"), 0o600))
	whole := []string{"--stack", "local", "--reason", "a drill"}
	for name, c := range map[string]struct {
		arguments []string
		key, says string
	}{
		"no stack":                         {[]string{"--reason", "x"}, testKey, "--stack and --reason"},
		"no reason":                        {[]string{"--stack", "local", "--reason", " "}, testKey, "--stack and --reason"},
		"a reason of two lines":            {[]string{"--stack", "local", "--reason", "a\nb"}, testKey, "one line"},
		"evidence of no time":              {append(whole, "--since", "0s"), testKey, "--since is longer than 0"},
		"nobody to page":                   {append(whole, "--execute"), "", "PAGERDUTY_ROUTING_KEY"},
		"a key that is none":               {append(whole, "--execute"), "secret-but-wrong", "routing key is not one"},
		"a key file that is none":          {append(whole, "--execute", "--routing-key-file", keyFile), "", "routing key is not one"},
		"a key file that is not there":     {append(whole, "--execute", "--routing-key-file", keyFile+"2"), "", "read the routing key"},
		"a key in the clear":               {append(whole, "--events-url", "http://example.com/"), testKey, "in the clear"},
		"a word too many":                  {append(whole, "now"), testKey, "unknown command"},
		"no embedded cloud in this folder": {append(whole, "--dir", t.TempDir()), testKey, "no embedded cloud is up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "incident")
			var out strings.Builder
			err := Run(t.Context(), append(c.arguments, "--folder", folder), func(string) string { return c.key }, &out)
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "secret-but-wrong")
			assert.NoDirExists(t, folder)
		})
	}
}

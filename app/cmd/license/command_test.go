package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABorrowedLicenceIsVerifiedOfflineAndGivenBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file, said, err := license(t.Context(), s.environment(), "", "borrow", "--for", "1h")
	require.NoError(t, err)
	assert.Contains(t, said, "license release demo_1")

	response, err := http.Get(s.url + "/.well-known/jwks.json")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var keys bytes.Buffer
	_, err = keys.ReadFrom(response.Body)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(path, keys.Bytes(), 0o600))
	http.DefaultClient.CloseIdleConnections()

	offline := map[string]string{"LICENSE_PRODUCT": "ide", "LICENSE_DEVICE": "device-1", "LICENSE_KEYS": path}
	before := len(s.called())
	out, _, err := license(t.Context(), offline, file, "verify")
	require.NoError(t, err)
	assert.Contains(t, out, `"borrowed": true`)
	assert.Len(t, s.called(), before, "nothing is asked for")
	offline["LICENSE_DEVICE"] = "device-2"
	_, _, err = license(t.Context(), offline, file, "verify")
	assert.ErrorContains(t, err, "another device")

	_, _, err = license(t.Context(), s.environment(), "", "release", "demo_1")
	require.NoError(t, err)
	assert.Equal(t, "release", s.called()[len(s.called())-1])
}

func TestAcquireAndStatusPrintJSON(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("identity\n"), 0o600))
	environment := s.environment()
	environment["LICENSE_TOKEN"], environment["LICENSE_TOKEN_FILE"] = "", file
	for name, want := range map[string]string{"acquire": "demo_1", "status": "demo"} {
		out, _, err := license(t.Context(), environment, "", name)
		require.NoError(t, err)
		var answer map[string]any
		require.NoError(t, json.Unmarshal([]byte(out), &answer))
		assert.Contains(t, out, `"`+want+`"`)
	}
}

func TestAMistakeIsSaidClearly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	without := func(name string) map[string]string {
		environment := s.environment()
		delete(environment, name)
		return environment
	}
	for want, test := range map[string]struct {
		environment map[string]string
		arguments   []string
	}{
		`"aquire" is not a command, did you mean acquire?; the commands are`: {s.environment(), []string{"aquire"}},
		"--server or LICENSE_SERVER":                                         {without("LICENSE_SERVER"), []string{"acquire"}},
		"--token-file":                                                       {without("LICENSE_TOKEN"), []string{"status"}},
		"run needs a command":                                                {s.environment(), []string{"run"}},
		"--grace is 0s":                                                      {s.environment(), []string{"run", "--grace", "0s", "--", "true"}},
		"borrow needs --for":                                                 {s.environment(), []string{"borrow"}},
		"release needs one lease":                                            {s.environment(), []string{"release"}},
		`"extra" is not understood`:                                          {s.environment(), []string{"acquire", "extra"}},
		"has to be HOST:PORT":                                                {s.environment(), []string{"acquire", "--connect", "nowhere"}},
		`license acquire has no option --colour; license acquire --help lists them`: {s.environment(), []string{"acquire", "--colour"}},
		`has no option --tokenfile, did you mean --token-file?`:                     {s.environment(), []string{"status", "--tokenfile=secret"}},
		`invalid value "1d" for flag -for: it has to be like 90s, 30m or 24h`:       {s.environment(), []string{"borrow", "--for", "1d"}},
		"no such file":                  {s.environment(), []string{"verify", "/no/such/file"}},
		"verify needs --keys":           {without("LICENSE_SERVER"), []string{"verify"}},
		"the file's first or last line": {s.environment(), []string{"verify"}},
	} {
		_, _, err := license(t.Context(), test.environment, "", test.arguments...)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
	out, _, err := license(t.Context(), nil, "", "--help")
	require.NoError(t, err)
	assert.Contains(t, out, "license run -- COMMAND")
	assert.Contains(t, out, "LICENSE_TOKEN_FILE")
}

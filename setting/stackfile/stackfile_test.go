package stackfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting/stackfile"
)

func TestWordsThatAreSwitchesInOldYAMLStayText(t *testing.T) {
	t.Parallel()
	config, err := stackfile.Config("dev", []byte(`
secretsprovider: default
config:
  p:armor: {off: true, on: no, "yes": off, count: 3, allowed: [NO, SE], version: 2026-11, share: 0.5}
`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"p:armor": map[string]any{
		"off": true, "on": "no", "yes": "off", "count": 3.0, "allowed": []any{"NO", "SE"}, "version": "2026-11", "share": 0.5,
	}}, config)
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"cofig: {}":             `Pulumi.dev.yaml: unknown field "cofig"; allowed: config?; one of config, `,
		"config: {a: {1: b}}":   "a key in config is not text",
		"config: [1]":           "config is not an object",
		"config: {a: 1, a: 2}":  `"a" already defined`,
		"\tconfig":              "read Pulumi.dev.yaml",
		"config: {a: *nowhere}": "read Pulumi.dev.yaml",
		"[1]":                   "read Pulumi.dev.yaml",
	} {
		_, err := stackfile.Config("dev", []byte(text))
		assert.ErrorContains(t, err, says)
	}
	for _, text := range []string{"", "config:", "environment: [x]"} {
		config, err := stackfile.Config("dev", []byte(text))
		require.NoError(t, err)
		assert.Equal(t, map[string]any{}, config)
	}
}

package command

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

func TestEveryCommandAndEveryFaultIsDocumented(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/local.md")
	require.NoError(t, err)
	documented := 0
	for _, command := range New(nil, &bytes.Buffer{}, &bytes.Buffer{}).Commands() {
		if command.Hidden {
			continue
		}
		documented++
		assert.Contains(t, string(content), "`"+command.Name(), command.Name())
	}
	assert.GreaterOrEqual(t, documented, 10)
	for _, f := range fault.All() {
		assert.Contains(t, string(content), "| `"+f.Name+"` |", f.Name)
	}
}

package command

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
)

func TestAPlanThatDiffersFromTheProgramFailsAndNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	require.NoError(t, compared("prod", pluginpreview.Difference{}))
	err := compared("prod", pluginpreview.Difference{Missing: []string{"urn:one"}, Unexpected: []string{"urn:two"}})
	require.EqualError(t, err, "stack prod: declared, but not planned by the engine: urn:one\nstack prod: planned by the engine, but not declared: urn:two")
}

func TestWarningsAndCallsAreToldWithTheirStack(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	a := &app{out: newPrinter(&said, &said)}
	a.printRequests("dev", pluginpreview.Report{
		Warnings: []string{"gcp:sql/user:User a: deprecated"}, Answered: []string{"GET a.example/b"}, Refused: []string{"GET c.example/d"},
	})
	assert.Equal(t, "dev: warning: gcp:sql/user:User a: deprecated\ndev: answered on this machine: GET a.example/b\ndev: refused: GET c.example/d\n", said.String())
}

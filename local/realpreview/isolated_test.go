package realpreview_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/realpreview"
)

func TestAProgramThatRunsAloneHasLoopbackAndNoCredential(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")
	executable, err := os.Executable()
	require.NoError(t, err)
	command := realpreview.Command(t.Context(), executable, "alone")
	var said bytes.Buffer
	command.Stdout = &said
	realpreview.Alone(command)
	err = realpreview.Run(command)
	if errors.Is(err, realpreview.ErrRefused) {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, "loopback: <nil>\nbeyond: dial tcp 192.0.2.1:443: connect: network is unreachable\nkey:  home: true\n", said.String())
}

// Package program puts programs that tests run into files.
package program

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Write puts a program into a file that can be run at once. A process that another test starts
// meanwhile would keep the file open for writing for a moment longer, and nobody can run it until
// then (https://go.dev/issue/22315).
func Write(tb testing.TB, path string, content []byte) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(tb, os.WriteFile(path, content, 0o755)) //nolint:gosec // it is run
}

package daemon

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADaemonThatHangsIsToldApartFromNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	program := filepath.Join(dir, "bin", "daemon")
	require.NoError(t, os.MkdirAll(filepath.Dir(program), 0o700))
	require.NoError(t, copyFile(sleep, program))
	process := exec.Command(program, "60")
	require.NoError(t, process.Start())
	t.Cleanup(func() { _ = process.Process.Kill() })
	require.NoError(t, Record{PID: process.Process.Pid, Control: silent.Addr().String()}.write(dir))

	_, err = connect(t.Context(), dir, 50*time.Millisecond)
	require.ErrorIs(t, err, ErrSilent)
	require.ErrorContains(t, err, "'make up' replaces it")
	require.NoError(t, process.Process.Kill())
	_ = process.Wait() // killed
	_, err = connect(t.Context(), dir, 50*time.Millisecond)
	require.ErrorIs(t, err, ErrNotRunning)
}

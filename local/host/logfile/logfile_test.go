package logfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/logfile"
)

func open(t *testing.T, path string) *logfile.File {
	t.Helper()
	f, err := logfile.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}

func TestALogIsSetAsideBeforeItIsTooLarge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logs", "pod.log")
	f := open(t, path)
	line := append(bytes.Repeat([]byte("x"), 1<<20-1), '\n')
	for range 100 {
		n, err := f.Write(line)
		require.NoError(t, err)
		require.Equal(t, len(line), n)
		assert.LessOrEqual(t, size(t, path), int64(logfile.MaxBytes))
	}
	assert.LessOrEqual(t, size(t, logfile.Rotated(path)), int64(logfile.MaxBytes))
	assert.Equal(t, int64(100%16)<<20, size(t, path))
}

func TestALogGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pod.log")
	require.NoError(t, os.WriteFile(path, make([]byte, logfile.MaxBytes-1), 0o600))
	f := open(t, path)
	_, err := f.Write([]byte("ab"))
	require.NoError(t, err)
	assert.Equal(t, int64(2), size(t, path))
	assert.Equal(t, int64(logfile.MaxBytes-1), size(t, logfile.Rotated(path)))
}

func TestAWriteThatCannotBeDoneIsTriedAgainWithTheNextText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "pod.log")
	require.NoError(t, os.Mkdir(logfile.Rotated(path), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(logfile.Rotated(path), "inside"), nil, 0o600)) // so that nothing replaces it
	f := open(t, path)
	_, err := f.Write(make([]byte, logfile.MaxBytes))
	require.NoError(t, err)
	_, err = f.Write([]byte("x"))
	require.Error(t, err)
	require.NoError(t, os.RemoveAll(logfile.Rotated(path)))
	_, err = f.Write([]byte("x"))
	require.NoError(t, err)
	assert.Equal(t, int64(1), size(t, path))
}

func TestAClosedLogTakesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, filepath.Join(t.TempDir(), "pod.log"))
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	_, err := f.Write([]byte("x"))
	require.ErrorIs(t, err, os.ErrClosed)
}

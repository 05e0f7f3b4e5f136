package logtail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/logtail"
)

func TestLinesAreToldAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, young := filepath.Join(dir, "a-old.log"), filepath.Join(dir, "b-young.log")
	write := func(path, text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = file.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	tail := logtail.New()
	t.Cleanup(tail.Close)
	read := func(paths ...string) (lines []string) {
		tail.Read(paths, func(path string, line []byte) { lines = append(lines, filepath.Base(path)[:1]+":"+string(line)) })
		return lines
	}
	write(old, "of yesterday\n")
	assert.Empty(t, read(old, young), "what was there is not told again")
	write(old, "one\ntwo\nhal")
	write(young, "first\n")
	assert.Equal(t, []string{"a:one", "a:two", "b:first"}, read(old, young), "a file that comes later is told from its beginning")
	write(old, "f\n")
	assert.Equal(t, []string{"a:half"}, read(old, young), "half a line waits for its end")

	write(old, "last\n")
	require.NoError(t, os.Rename(old, old+".1"))
	write(old, "anew\n")
	assert.Equal(t, []string{"a:last", "a:anew"}, read(old, young), "nothing is lost when a file is set aside")
	assert.Empty(t, read(old))
	write(young, "unseen\n")
	assert.Equal(t, []string{"b:first", "b:unseen"}, read(old, young), "who is named again is new")

	write(old, strings.Repeat("x", 100_000)+"\nshort\n")
	long := read(old)
	require.Len(t, long, 2)
	assert.Len(t, long[0], 2+64<<10, "a long line is cut")
	assert.Equal(t, "a:short", long[1])
	require.NoError(t, os.Remove(young))
	assert.Empty(t, read(young, old, filepath.Join(dir, "none")))
}

package toolchain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACompilationTellsHowFarItIsAndKeepsWhatWentWrong(t *testing.T) {
	t.Parallel()
	var said []string
	clock := time.Unix(1000, 0)
	c := &compilation{say: func(text string) { said = append(said, text) }, of: 40, now: func() time.Time { return clock }}
	write := func(text string) {
		n, err := c.Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, len(text), n)
	}

	write("go: downloading example.com/a v1.0.0\nfmt\nnet/")
	write("http\n")
	clock = clock.Add(tellEvery)
	write("example.com/a/v2\n# example.com/b\nb.go:3:1: undefined: x\n")

	assert.Equal(t, []string{"compiled 1 of at most 40 packages", "compiled 3 of at most 40 packages"}, said)
	assert.Equal(t, "# example.com/b\nb.go:3:1: undefined: x", c.words())
}

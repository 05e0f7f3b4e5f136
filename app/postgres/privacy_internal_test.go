package postgres

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsRepeatedGoesOnUntilNothingChanges(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		steps []int64
		err   error
		total int64
	}{
		"nothing":            {[]int64{0}, nil, 0},
		"some steps":         {[]int64{5, 3, 0}, nil, 8},
		"one that is broken": {[]int64{5, 3}, broken, 8},
	} {
		n := 0
		total, err := repeated(func(changed *int64) error {
			if n == len(c.steps) {
				return c.err
			}
			*changed = c.steps[n]
			n++
			return nil
		})
		assert.ErrorIs(t, err, c.err, name)
		assert.Equal(t, c.total, total, name)
	}
}

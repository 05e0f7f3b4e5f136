package enabled

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	early = "googleapi: Error 403: Cloud Logging API has not been used in project 1 before or it is disabled. " +
		"If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
	wrong = "googleapi: Error 403: Permission 'logging.settings.get' denied"
)

func TestALookUpIsTriedAgainUntilTheAPIIsThere(t *testing.T) {
	t.Parallel()
	errEarly, errWrong := errors.New(early), errors.New(wrong)
	for name, c := range map[string]struct {
		answers []error
		want    error
		asked   int
	}{
		"an API that is there":                 {[]error{nil}, nil, 1},
		"an API that comes":                    {[]error{errEarly, errEarly, nil}, nil, 3},
		"what nobody may look up":              {[]error{errWrong, nil}, errWrong, 1},
		"what turns out to be refused, though": {[]error{errEarly, errWrong}, errWrong, 2},
	} {
		asked := 0
		found, err := again(t.Context(), 0, func() (int, error) {
			asked++
			return asked, c.answers[asked-1]
		})
		assert.Equal(t, c.want, err, name)
		assert.Equal(t, c.asked, asked, name)
		assert.Equal(t, asked, found, name)
	}
}

func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	asked, errEarly := 0, errors.New(early)
	never := func() (int, error) { asked++; return 0, errEarly }
	_, err := again(t.Context(), 0, never)
	require.ErrorIs(t, err, errEarly)
	assert.Equal(t, Attempts, asked)

	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = again(stopped, time.Hour, never)
	require.ErrorIs(t, err, errEarly)
	require.ErrorIs(t, err, context.Canceled)
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
)

func TestOnlyADeadlockIsTriedAgainAndOnce(t *testing.T) {
	t.Parallel()
	deadlock := fmt.Errorf("write: %w", &pgconn.PgError{Code: deadlockDetected})
	for name, c := range map[string]struct {
		answers []error
		tries   int
		fails   bool
	}{
		"what goes well":               {[]error{nil, nil}, 1, false},
		"a deadlock":                   {[]error{deadlock, nil}, 2, false},
		"two of them":                  {[]error{deadlock, deadlock, nil}, 2, true},
		"another error of PostgreSQL":  {[]error{&pgconn.PgError{Code: "55P03"}, nil}, 1, true},
		"an error that is not its own": {[]error{errors.New("broken"), nil}, 1, true},
	} {
		observed, tried := 0, 0
		l := NewLedger(nil, func(string, time.Duration, error) { observed++ })
		err := l.observed(t.Context(), "write", func(context.Context) error {
			tried++
			return c.answers[tried-1]
		})
		assert.Equal(t, c.fails, err != nil, name)
		assert.Equal(t, c.tries, tried, name)
		assert.Equal(t, c.tries, observed, name)
	}
}

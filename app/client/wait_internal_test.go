package client

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestEachKindOfFailureIsWaitedForFromItsBeginning(t *testing.T) {
	t.Parallel()
	w := waits{random: func() float64 { return 0 }}
	network, full := errors.New("no network"), &Refusal{Status: http.StatusConflict, Code: "no_seats_available"}
	edge := &Refusal{Status: http.StatusTooManyRequests}
	asked := &Refusal{Status: http.StatusServiceUnavailable, Code: "dependency_unavailable", RetryAfter: 5 * time.Second}
	for i, step := range []struct {
		err  error
		wait time.Duration
	}{
		{network, time.Second},
		{network, 2 * time.Second},
		{network, 4 * time.Second},
		{network, 8 * time.Second},
		{full, 5 * time.Second},
		{full, 10 * time.Second},
		{edge, time.Minute},
		{edge, 2 * time.Minute},
		{full, 5 * time.Second},
		{asked, 5 * time.Second},
		{asked, 10 * time.Second},
		{network, 4 * time.Second},
	} {
		assert.Equal(t, step.wait, w.after(step.err), i)
	}
}

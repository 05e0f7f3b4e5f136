package command

import (
	"bytes"
	"context"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMistakeOnTheCommandLineIsOneClearMessage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20_000)
	for line, says := range map[string]string{
		"status extra":                       `error: 'local status' takes no argument, and "extra" was given; 'local status --help' shows its flags`,
		"status --verbos":                    `error: 'local status' has no flag "verbos", did you mean --verbose; 'local status --help' lists them`,
		"alerts --hurry x":                   `error: --hurry is "x": it has to be a whole number`,
		"alerts --hurry 1e99":                `error: --hurry is "1e99": it has to be a whole number`,
		"token --ttl tomorrow":               `error: --ttl is "tomorrow": it has to be a duration such as 90s, 15m or 1h`,
		"up --take-over=perhaps":             `error: --take-over is "perhaps": it has to be true or false`,
		"status --dir=":                      "error: --dir is empty: name a folder, or leave --dir out for .local in the project",
		"status " + long:                     "…\" was given",
		"fail " + long:                       "…\": allowed are redis",
		"fail kmss":                          `did you mean "kms"`,
		"kubectl apply --filename=/dev/null": `it has apiVersion "", kind "" and name ""`,
	} {
		var out, errors bytes.Buffer
		code := Main(context.Background(), nil, strings.Fields(line), &out, &errors)
		assert.Equal(t, 1, code, "%.40s", line)
		assert.Contains(t, errors.String(), says)
		assert.LessOrEqual(t, strings.Count(errors.String(), "\n"), 1, "%.40s", line)
		assert.Less(t, errors.Len(), 600, "%.40s", line)
		assert.NotContains(t, errors.String(), "strconv")
	}
	var out, errors bytes.Buffer
	assert.Equal(t, 1, Main(context.Background(), nil, []string{"fail", ""}, &out, &errors))
	assert.NotContains(t, errors.String(), "did you mean")
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestACommandWhoseOutputIsNotWrittenFails(t *testing.T) {
	t.Parallel()
	var errors bytes.Buffer
	assert.Equal(t, 1, Main(context.Background(), nil, []string{"--help"}, full{}, &errors))
	assert.Equal(t, "error: not all of the output could be written: no space left on device\n", errors.String())
}

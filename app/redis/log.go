package redis

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo makes the client library write what it has to say, such as a failed dial, to
// log as warnings, instead of plain text to standard error. The library has one logger
// for the whole process, so this is for the program to call, once.
func LogTo(log *slog.Logger) { goredis.SetLogger(lines{log}) }

type lines struct{ log *slog.Logger }

// Printf is the library's interface. Its texts name addresses and errors, no secrets.
func (l lines) Printf(ctx context.Context, format string, values ...any) {
	l.log.WarnContext(ctx, strings.TrimSpace(fmt.Sprintf(format, values...)), "library", "go-redis")
}

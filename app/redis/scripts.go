package redis

import (
	"context"
	_ "embed" // the scripts are part of the binary
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

//go:embed scripts/prelude.lua
var prelude string

//go:embed scripts/extend.lua
var extendLua string

//go:embed scripts/reserve.lua
var reserveLua string

//go:embed scripts/free.lua
var freeLua string

//go:embed scripts/reclaim.lua
var reclaimLua string

//go:embed scripts/cancel.lua
var cancelLua string

//go:embed scripts/confirm.lua
var confirmLua string

//go:embed scripts/settled.lua
var settledLua string

//go:embed scripts/begin.lua
var beginLua string

//go:embed scripts/stage.lua
var stageLua string

//go:embed scripts/load.lua
var loadLua string

//go:embed scripts/configure.lua
var configureLua string

//go:embed scripts/usage.lua
var usageLua string

//go:embed scripts/abandon.lua
var abandonLua string

//go:embed scripts/look.lua
var lookLua string

//go:embed scripts/drop.lua
var dropLua string

//go:embed scripts/claim.lua
var claimLua string

//go:embed scripts/done.lua
var doneLua string

//go:embed scripts/fullness.lua
var fullnessLua string

//go:embed scripts/start.lua
var startLua string

//go:embed scripts/remember.lua
var rememberLua string

// script is one Lua program and its name in metrics.
type script struct {
	name string
	*goredis.Script
}

// aloneScript is newSpareScript without the shared beginning.
func aloneScript(name, body string) script {
	return script{name: name, Script: goredis.NewScript(allowed + body)}
}

// newScript puts the shared beginning before a script.
func newScript(name, body string) script {
	return script{name: name, Script: goredis.NewScript(prelude + body)}
}

// allowed is the first line of a script that may run in a full server: keeping or freeing
// seats needs hardly any memory, and must not wait for it; a load replaces a former state,
// for example after a failover. So only new seats are refused then
// (redis.io/docs/latest/develop/programmability/lua-api/#script_flags).
const allowed = "#!lua flags=allow-oom\n"

// newSpareScript is newScript for a script that takes no new seat.
func newSpareScript(name, body string) script {
	return script{name: name, Script: goredis.NewScript(allowed + prelude + body)}
}

// answer is what a script returned: a word, then values.
type answer struct {
	word string
	rest []any
}

// run executes the script for a licence.
func (s *Seats) run(ctx context.Context, script script, ref app.LicenseRef, args ...any) (answer, error) {
	return s.runKeys(ctx, script, keys(ref), args...)
}

func (s *Seats) runKeys(ctx context.Context, script script, names []string, args ...any) (answer, error) {
	start := time.Now()
	values, err := script.Run(ctx, s.client, names, args...).Slice()
	s.observe(script.name, time.Since(start), err)
	return answerOf(script, values, err)
}

// answerOf reads what a script returned.
func answerOf(script script, values []any, err error) (answer, error) {
	if err != nil {
		return answer{}, unavailable(fmt.Errorf("script %s: %w", script.name, err))
	}
	if len(values) == 0 {
		return answer{}, fmt.Errorf("script %s returned nothing", script.name)
	}
	word, ok := values[0].(string)
	if !ok {
		return answer{}, fmt.Errorf("script %s returned %T instead of a word", script.name, values[0])
	}
	if word == "cold" {
		return answer{}, app.ErrCold
	}
	return answer{word: word, rest: values[1:]}, nil
}

// text returns value i as text, "" when it is missing.
func (a answer) text(i int) string {
	if i >= len(a.rest) {
		return ""
	}
	switch v := a.rest[i].(type) {
	case string:
		return v
	case int64:
		return fmt.Sprint(v)
	}
	return ""
}

// list returns value i as a list of texts.
func (a answer) list(i int) []string {
	if i >= len(a.rest) {
		return nil
	}
	values, _ := a.rest[i].([]any)
	texts := make([]string, 0, len(values))
	for _, v := range values {
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// time returns value i as an instant.
func (a answer) time(i int) (time.Time, error) { return instant(a.text(i)) }

// Package setting collects what is wrong with a stack's settings, so that a
// user learns of every mistake in one go and before anything is deployed.
package setting

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Problem is one mistake in a stack's settings.
type Problem struct {
	// Key is the path of the setting below the project's namespace, for
	// example "armor.rateLimit.intervalSeconds".
	Key string
	// Value is the wrong value. A secret is never put here.
	Value any
	// Why says what is wrong with it.
	Why string
	// Allowed says what would be accepted.
	Allowed string
}

// String renders the problem on one line: key, value, why, what is allowed.
func (p Problem) String() string {
	return fmt.Sprintf("%s = %v: %s; allowed: %s", p.Key, shown(p.Value), p.Why, p.Allowed)
}

// shown writes a value as a stack's file has it: text in quotes, so that an empty one
// can be seen, lists and objects as JSON. What has a text of its own is shown as that.
func shown(value any) any {
	if _, own := value.(fmt.Stringer); own {
		return value
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.String:
		return strconv.Quote(reflect.ValueOf(value).String())
	case reflect.Struct, reflect.Pointer, reflect.Slice, reflect.Map:
		if encoded, err := json.Marshal(value); err == nil {
			return string(encoded)
		}
	}
	return value
}

// Problems is a list of mistakes. The zero value is ready to use and has no problems.
type Problems []Problem

// Add records one mistake.
func (ps *Problems) Add(key string, value any, why, allowed string) {
	*ps = append(*ps, Problem{Key: key, Value: value, Why: why, Allowed: allowed})
}

// Within returns the same problems with prefix and a dot put before every key.
func (ps Problems) Within(prefix string) Problems {
	within := make(Problems, len(ps))
	for i, p := range ps {
		p.Key = prefix + "." + p.Key
		within[i] = p
	}
	return within
}

// Err returns nil when there is no problem, else one error that lists them all,
// sorted by key, one a line.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = "  " + p.String()
	}
	slices.Sort(lines)
	lines = slices.Compact(lines) // two rules may say the same of one setting
	noun := "settings are"
	if len(lines) == 1 {
		noun = "setting is"
	}
	return errors.New(fmt.Sprintf("%d %s wrong:\n", len(lines), noun) + strings.Join(lines, "\n"))
}

package logfilter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// severities are in their order.
// https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
var severities = [...]string{"DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}

// comparison compares the values at a path with one that the filter gives. An
// entry without the field is not selected, whatever the operator: only NOT
// selects it. A list is compared by its elements, one that compares is enough.
func comparison(path []string, op, want string, bare bool) (matcher, error) {
	if err := known(path); err != nil {
		return nil, err
	}
	holdsFor, err := test(path, op, want, bare)
	if err != nil {
		return nil, err
	}
	value, given := standard(path)
	present := op == ":" && bare && want == "*"
	return func(e map[string]any) bool {
		found := at(e, path)
		if len(found) == 0 && given && !present {
			found = []any{value}
		}
		return slices.ContainsFunc(found, holdsFor)
	}, nil
}

// test returns what has to be true of one value.
func test(path []string, op, want string, bare bool) (func(any) bool, error) {
	if op == "=~" || op == "!~" {
		pattern, err := regexp.Compile(want)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
		}
		return func(v any) bool { return pattern.MatchString(text(v)) == (op == "=~") }, nil
	}
	if op == ":" {
		if bare && want == "*" {
			return func(any) bool { return true }, nil
		}
		return func(v any) bool { return contains(text(v), want) }, nil
	}
	order := ordered
	if path[0] == "severity" {
		if !slices.Contains(severities[:], strings.ToUpper(want)) {
			return nil, fmt.Errorf("severity has no value %q: it has %s", want, strings.Join(severities[:], ", "))
		}
		order = func(got, want string) int {
			return slices.Index(severities[:], got) - slices.Index(severities[:], strings.ToUpper(want))
		}
	}
	return func(v any) bool {
		difference := order(text(v), want)
		switch op {
		case "=":
			return difference == 0
		case "!=":
			return difference != 0
		case "<":
			return difference < 0
		case "<=":
			return difference <= 0
		case ">":
			return difference > 0
		}
		return difference >= 0
	}, nil
}

// ordered compares two numbers as numbers, and everything else as text without
// regard to case.
func ordered(got, want string) int {
	left, notLeft := strconv.ParseFloat(got, 64)
	right, notRight := strconv.ParseFloat(want, 64)
	switch {
	case notLeft != nil || notRight != nil:
		return strings.Compare(strings.ToLower(got), strings.ToLower(want))
	case left < right:
		return -1
	case left > right:
		return 1
	}
	return 0
}

// at returns the values at a path, more than one when it leads through a list.
func at(value any, path []string) []any {
	if list, is := value.([]any); is {
		var all []any
		for _, element := range list {
			all = append(all, at(element, path)...)
		}
		return all
	}
	if len(path) == 0 {
		if value == nil {
			return nil
		}
		return []any{value}
	}
	object, is := value.(map[string]any)
	if !is {
		return nil
	}
	return at(object[path[0]], path[1:])
}

// holds looks for text in every value of an entry.
func holds(value any, wanted string) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, below := range v {
			if holds(below, wanted) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return holds(element, wanted) })
	}
	return contains(text(value), wanted)
}

func contains(got, wanted string) bool {
	return strings.Contains(strings.ToLower(got), strings.ToLower(wanted))
}

// text is a value as a filter writes it.
func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

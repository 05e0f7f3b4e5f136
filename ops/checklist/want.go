package checklist

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// is wants exactly this value; numbers are float64, as in JSON.
func is(wanted any) Want {
	return Want{Text: fmt.Sprintf("is %v", wanted), Holds: func(s Subject) bool { return reflect.DeepEqual(s.Value, wanted) }}
}

// unset wants the zero value, or nothing.
func unset() Want {
	return Want{Text: "is off", Holds: func(s Subject) bool {
		return s.Value == nil || reflect.ValueOf(s.Value).IsZero()
	}}
}

// given wants a text that is not empty.
func given() Want {
	return Want{Text: "is given", Holds: func(s Subject) bool {
		text, ok := s.Value.(string)
		return ok && text != ""
	}}
}

// someItems wants a list that is not empty.
func someItems() Want {
	return Want{Text: "holds something", Holds: func(s Subject) bool {
		list, ok := s.Value.([]any)
		return ok && len(list) > 0
	}}
}

func oneOf(wanted ...any) Want {
	return Want{Text: fmt.Sprintf("is one of %v", wanted), Holds: func(s Subject) bool { return slices.Contains(wanted, s.Value) }}
}

func noneOf(refused ...any) Want {
	return Want{Text: fmt.Sprintf("is none of %v", refused), Holds: func(s Subject) bool { return !slices.Contains(refused, s.Value) }}
}

func atLeast(least float64) Want {
	return Want{Text: fmt.Sprintf("is at least %g", least), Holds: func(s Subject) bool {
		number, ok := s.Value.(float64)
		return ok && number >= least
	}}
}

// between includes both ends.
func between(least, most float64) Want {
	return Want{Text: fmt.Sprintf("is between %g and %g", least, most), Holds: func(s Subject) bool {
		number, ok := s.Value.(float64)
		return ok && number >= least && number <= most
	}}
}

// contains wants a text with this text in it.
func contains(part string) Want {
	return Want{Text: fmt.Sprintf("contains %q", part), Holds: func(s Subject) bool {
		text, ok := s.Value.(string)
		return ok && strings.Contains(text, part)
	}}
}

// lists wants a list with all these values in it.
func lists(wanted ...any) Want {
	return Want{Text: fmt.Sprintf("lists %v", wanted), Holds: func(s Subject) bool {
		list, ok := s.Value.([]any)
		return ok && !slices.ContainsFunc(wanted, func(w any) bool { return !slices.Contains(list, w) })
	}}
}

// matches wants a text of this form.
func matches(form string) Want {
	compiled := regexp.MustCompile(form)
	return Want{Text: "has the form " + form, Holds: func(s Subject) bool {
		text, ok := s.Value.(string)
		return ok && compiled.MatchString(text)
	}}
}

// unlike wants anything but a text of this form.
func unlike(form string) Want {
	compiled := regexp.MustCompile(form)
	return Want{Text: "has not the form " + form, Holds: func(s Subject) bool {
		text, ok := s.Value.(string)
		return ok && !compiled.MatchString(text)
	}}
}

// custom describes a condition of its own.
func custom(text string, holds func(Subject) bool) Want { return Want{Text: text, Holds: holds} }

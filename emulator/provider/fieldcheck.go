package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fullHour is a time of the form HH:00.
var fullHour = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):00$`)

// check refuses what the provider's schema refuses, in the order of the paths.
func (f Fields) check(inputs Properties) []Failure {
	var failures []Failure
	sets := map[string]bool{} // a rule about several properties is told once
	for _, path := range slices.Sorted(maps.Keys(f)) {
		field := f[path]
		for _, p := range places(inputs, path) {
			failures = append(failures, field.together(inputs, p, sets)...)
			switch value := p.value().(type) {
			case nil:
				if field.Required {
					failures = append(failures, Refuse(p.at, `Missing required argument. The argument %q is required, but no definition was found.`, p.at))
				}
			case Unknown:
			default:
				failures = append(failures, field.checkAlone(p.at, value)...)
			}
		}
	}
	return failures
}

// together checks a property together with others.
func (field Field) together(inputs Properties, p place, told map[string]bool) []Failure {
	var failures []Failure
	given := func(paths []string) (found []string) {
		for _, path := range paths {
			if inputs.Has(path) {
				found = append(found, path)
			}
		}
		return found
	}
	once := func(paths []string, wrong bool, format string, values ...any) {
		if key := fmt.Sprint(paths); wrong && !told[key] {
			told[key] = true
			failures = append(failures, Refuse(p.at, format, values...))
		}
	}
	if all := field.ExactlyOneOf; len(all) > 0 {
		found := given(all)
		once(all, len(found) == 0, "Invalid combination of arguments. %q: one of `%s` must be specified", p.at, strings.Join(all, ","))
		once(all, len(found) > 1, "Invalid combination of arguments. %q: only one of `%s` can be specified, but `%s` were specified.", p.at, strings.Join(all, ","), strings.Join(found, ","))
	}
	if all := field.AtLeastOneOf; len(all) > 0 {
		once(all, len(given(all)) == 0, "Missing required argument. %q: one of `%s` must be specified", p.at, strings.Join(all, ","))
	}
	if p.value() == nil {
		return failures
	}
	if all := field.RequiredWith; len(all) > 0 {
		once(all, len(given(all)) < len(all), "Missing required argument. %q: all of `%s` must be specified", p.at, strings.Join(all, ","))
	}
	for _, other := range given(field.Conflicts) {
		failures = append(failures, Refuse(p.at, "Conflicting configuration arguments. %q: conflicts with %s", p.at, other))
	}
	return failures
}

// checkAlone checks a known value by itself.
func (field Field) checkAlone(at string, value any) []Failure {
	switch v := value.(type) {
	case string:
		return field.judgeText(at, v)
	case float64:
		return field.judgeNumber(at, v)
	case []any:
		if len(v) < field.MinItems {
			return []Failure{Refuse(at, "Not enough list items. Attribute %s requires %d item minimum, but config has only %d declared.", at, field.MinItems, len(v))}
		}
		if field.MaxItems > 0 && len(v) > field.MaxItems {
			return []Failure{Refuse(at, "Too many list items. Attribute %s supports %d item maximum, but config has %d declared.", at, field.MaxItems, len(v))}
		}
	}
	return nil
}

func (field Field) judgeNumber(at string, value float64) []Failure {
	low, high := field.Min != nil && value < *field.Min, field.Max != nil && value > *field.Max
	switch {
	case !low && !high:
		return nil
	case field.Min != nil && field.Max != nil:
		return []Failure{Refuse(at, "expected %s to be in the range (%v - %v), got %v", at, plainNumber(*field.Min), plainNumber(*field.Max), plainNumber(value))}
	case low:
		return []Failure{Refuse(at, "expected %s to be at least (%v), got %v", at, plainNumber(*field.Min), plainNumber(value))}
	}
	return []Failure{Refuse(at, "expected %s to be at most (%v), got %v", at, plainNumber(*field.Max), plainNumber(value))}
}

func plainNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (field Field) judgeText(at, text string) []Failure {
	if text == "" && field.OrEmpty {
		return nil
	}
	var failures []Failure
	same := func(allowed string) bool { return allowed == text || field.AnyCase && strings.EqualFold(allowed, text) }
	if len(field.OneOf) > 0 && !slices.ContainsFunc(field.OneOf, same) {
		failures = append(failures, Refuse(at, "expected %s to be one of [%q], got %s", at, field.OneOf, text))
	}
	if field.pattern != nil && !field.pattern.MatchString(text) {
		failures = append(failures, Refuse(at, "%q (%q) doesn't match regexp %q", at, text, field.Match))
	}
	length := utf8.RuneCountInString(text)
	switch least, most := field.MinLength, field.MaxLength; {
	case least != nil && most != nil && (length < *least || length > *most):
		failures = append(failures, Refuse(at, "expected length of %s to be in the range (%d - %d), got %s", at, *least, *most, text))
	case least != nil && length < *least:
		failures = append(failures, Refuse(at, "expected %q to not be an empty string", at))
	}
	return append(failures, field.judgeForm(at, text)...)
}

func (field Field) judgeForm(at, text string) []Failure {
	form, limits, _ := strings.Cut(field.Form, "/")
	switch form {
	case "network":
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return []Failure{Refuse(at, "expected %q to be a valid CIDR Value, got %v", at, text)}
		}
		least, most, limited := strings.Cut(limits, "-")
		from, _ := strconv.Atoi(least)
		to, _ := strconv.Atoi(most)
		if limited && (network.Bits() < from || network.Bits() > to) {
			return []Failure{Refuse(at, "expected %q to contain a network Value with between %d and %d significant bits, got: %s", at, from, to, text)}
		}
	case "address":
		if _, err := netip.ParseAddr(text); err != nil {
			return []Failure{Refuse(at, "expected %s to contain a valid IP, got: %s", at, text)}
		}
	case "json":
		if !json.Valid([]byte(text)) {
			return []Failure{Refuse(at, "%q contains an invalid JSON", at)}
		}
	case "hour":
		if !fullHour.MatchString(text) {
			return []Failure{Refuse(at, "%q (%q) must be in the format HH:00", at, text)}
		}
	}
	return nil
}

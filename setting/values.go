package setting

import (
	"fmt"
	"regexp"
	"slices"
)

// OneOf records a mistake unless value is one of the allowed words. The list of allowed
// values begins with the word that was probably meant.
func OneOf[T ~string](ps *Problems, key string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	words := make([]string, len(allowed))
	for i, word := range allowed {
		words[i] = string(word)
	}
	ps.Add(key, string(value), "is not known", Hint(string(value), words))
}

// InRange records a mistake unless value is a number from least to most. The unit is
// put behind both, for example "days"; it may be empty.
func InRange[T int | float64](ps *Problems, key string, value, least, most T, unit string) {
	if value < least || value > most {
		ps.Add(key, value, "is out of range", withUnit(fmt.Sprintf("%v to %v", least, most), unit))
	}
}

// Matches records a mistake unless value has the form of a pattern; allowed describes it.
func Matches(ps *Problems, key, value string, form *regexp.Regexp, allowed string) {
	if !form.MatchString(value) {
		ps.Add(key, value, "has the wrong form", allowed)
	}
}

func withUnit(text, unit string) string {
	if unit == "" {
		return text
	}
	return text + " " + unit
}

package provider

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Field is what a provider's schema says about one property. The zero value is a
// property that may be left out, changes in place and takes any value.
type Field struct {
	// Required has to be given wherever the object that holds it is.
	Required bool
	// Fixed cannot change in place: a change replaces the resource.
	Fixed bool
	// Computed is decided by the API when it is left out, so leaving it out later keeps
	// the current value.
	Computed bool
	// Default is what the provider fills in: a string, a number or a bool.
	Default any
	// OneOf lists the texts that are allowed, AnyCase in capitals or not.
	OneOf   []string
	AnyCase bool
	// Min and Max limit a number.
	Min, Max *float64
	// Match is a regular expression that a text has to match, unless it is empty and
	// OrEmpty is set.
	Match   string
	OrEmpty bool
	// Form is "network" (a CIDR range; "network/8-32" limits its bits), "address" (of
	// IP), "json" or "hour" (HH:00).
	Form string
	// MinLength and MaxLength limit a text, in characters.
	MinLength, MaxLength *int
	// MinItems and MaxItems limit a list; 0 means no limit.
	MinItems, MaxItems int
	// Conflicts lists the paths that must not be given together with this one.
	Conflicts []string
	// ExactlyOneOf and AtLeastOneOf list paths of which exactly one or at least one must
	// be given; RequiredWith lists paths that must be given together with this one.
	ExactlyOneOf, AtLeastOneOf, RequiredWith []string

	pattern *regexp.Regexp
}

// Fields are the properties of a type by their path. The items of a list are
// written with brackets: "allows[].protocol".
type Fields map[string]Field

// ParseFields reads fields that are written as JSON. What stands below the empty name
// is for tools/providerfields, and says where the schema comes from.
func ParseFields(text []byte) (Fields, error) {
	var fields Fields
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("decode the fields: %w", err)
	}
	delete(fields, "")
	for path, field := range fields {
		if field.Match == "" {
			continue
		}
		pattern, err := regexp.Compile(field.Match)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		field.pattern = pattern
		fields[path] = field
	}
	return fields, nil
}

// place is one spot of the inputs that a path means.
type place struct {
	holder map[string]any
	key    string
	at     string // with the indexes, for messages
}

// places finds every spot that a path means: one for each object that could hold
// the property.
func places(inputs map[string]any, path string) []place {
	first, rest, more := strings.Cut(path, ".")
	name, isItem := strings.CutSuffix(first, "[]")
	if !more && !isItem {
		return []place{{inputs, name, name}}
	}
	var found []place
	below := func(value any, at string) {
		object, is := value.(map[string]any)
		if !is {
			return
		}
		for _, p := range places(object, rest) {
			p.at = at + "." + p.at
			found = append(found, p)
		}
	}
	if !isItem {
		below(inputs[name], name)
		return found
	}
	list, _ := inputs[name].([]any)
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if more {
			below(item, at)
		} else {
			found = append(found, place{map[string]any{at: item}, at, at})
		}
	}
	return found
}

func (p place) value() any { return p.holder[p.key] }

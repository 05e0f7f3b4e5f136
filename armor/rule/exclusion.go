package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check says what the API would refuse about the exclusion.
// Source: https://cloud.google.com/armor/docs/rule-tuning
func (e Exclusion) Check() error {
	set, err := ParseSet(e.Set)
	if err != nil {
		return fmt.Errorf("exclusion: %w", err)
	}
	var mistakes []error
	for _, id := range e.Signatures {
		if err := set.CheckSignature(id); err != nil {
			mistakes = append(mistakes, fmt.Errorf("exclusion: %w", err))
		}
	}
	kinds := map[string][]Field{"headers": e.Headers, "cookies": e.Cookies, "queryParams": e.QueryParams, "uris": e.URIs}
	total := 0
	for _, kind := range []string{"headers", "cookies", "queryParams", "uris"} {
		fields := kinds[kind]
		total += len(fields)
		if len(fields) > MaxExclusionFields {
			mistakes = append(mistakes, fmt.Errorf("exclusion on %s has %d %s; allowed: %d", e.Set, len(fields), kind, MaxExclusionFields))
		}
		for _, field := range fields {
			if err := field.check(); err != nil {
				mistakes = append(mistakes, fmt.Errorf("exclusion on %s, %s: %w", e.Set, kind, err))
			}
		}
	}
	if total == 0 {
		mistakes = append(mistakes, fmt.Errorf("exclusion on %s names no field; allowed: headers, cookies, queryParams, uris", e.Set))
	}
	return errors.Join(mistakes...)
}

func (f Field) check() error {
	if !slices.Contains(Operators(), f.Operator) {
		return fmt.Errorf("operator %q is not known; allowed: %v", f.Operator, Operators())
	}
	if (f.Operator == OperatorAny) != (f.Value == "") {
		return fmt.Errorf("operator %s with value %q; a value is needed with every operator but %s", f.Operator, f.Value, OperatorAny)
	}
	return nil
}

// Matches compares a field's name (or a URI) as Cloud Armor does, ignoring case.
func (f Field) Matches(name string) bool {
	name, value := strings.ToLower(name), strings.ToLower(f.Value)
	switch f.Operator {
	case OperatorAny:
		return true
	case "EQUALS":
		return name == value
	case "STARTS_WITH":
		return strings.HasPrefix(name, value)
	case "ENDS_WITH":
		return strings.HasSuffix(name, value)
	case "CONTAINS":
		return strings.Contains(name, value)
	default:
		return false
	}
}

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
	kinds := e.fields()
	total := 0
	for _, kind := range fieldKinds() {
		total += len(kinds[kind])
		for _, field := range kinds[kind] {
			if err := field.check(kind); err != nil {
				mistakes = append(mistakes, fmt.Errorf("exclusion on %s, %s: %w", e.Set, kind, err))
			}
		}
	}
	if total == 0 {
		mistakes = append(mistakes, fmt.Errorf("exclusion on %s names no field; allowed: headers, cookies, queryParams, uris", e.Set))
	}
	return errors.Join(mistakes...)
}

// fieldKinds are what an exclusion may name fields of.
func fieldKinds() []string { return []string{"headers", "cookies", "queryParams", uris} }

const uris = "uris"

func (e Exclusion) fields() map[string][]Field {
	return map[string][]Field{"headers": e.Headers, "cookies": e.Cookies, "queryParams": e.QueryParams, uris: e.URIs}
}

// checkExclusionFields counts the fields of a kind that all exclusions of a rule name for one
// target: the API counts them together, however many exclusions they stand in. A target is a whole
// set, or one of its signatures ("The number of request query parameters to exclude for the target
// SET:ID exceeds the limit", as users report it:
// https://github.com/GoogleCloudPlatform/terraform-google-cloud-armor/issues/134).
func (r Rule) checkExclusionFields(add report) {
	type target struct{ set, signature, kind string }
	counts, told := map[target]int{}, map[target]bool{}
	for _, exclusion := range r.Exclusions {
		signatures := exclusion.Signatures
		if len(signatures) == 0 {
			signatures = []string{""}
		}
		for _, kind := range fieldKinds() {
			for _, signature := range signatures {
				counts[target{exclusion.Set, signature, kind}] += len(exclusion.fields()[kind])
			}
		}
	}
	for _, exclusion := range r.Exclusions {
		for _, signature := range append([]string{""}, exclusion.Signatures...) {
			for _, kind := range fieldKinds() {
				// One line for each kind of a set: signatures are often excluded together.
				this, line := target{exclusion.Set, signature, kind}, target{set: exclusion.Set, kind: kind}
				if counts[this] <= MaxExclusionFields || told[line] {
					continue
				}
				told[line] = true
				add("exclusions", exclusion, "exclusions on %s name %d %s together; allowed: %d for a set, or for one of its signatures",
					strings.TrimSuffix(exclusion.Set+":"+signature, ":"), counts[this], kind, MaxExclusionFields)
			}
		}
	}
}

// fieldSigns are the signs, besides letters and digits, that the value of a header, a cookie or a
// parameter may have (same source).
const fieldSigns = "!#$%&*+-.^_`|~"

// checkValue says what the API would refuse of a value.
func (f Field) checkValue(kind string) error {
	if kind == uris {
		if strings.ContainsAny(f.Value, "?#") {
			return fmt.Errorf("value %q has a query or a fragment; allowed: a path, or a URL without them", f.Value)
		}
		return nil
	}
	for _, sign := range f.Value {
		small := sign | 0x20
		if !strings.ContainsRune(fieldSigns, sign) && (sign < '0' || sign > '9') && (small < 'a' || small > 'z') {
			return fmt.Errorf("value %q has %q, which no name of a field may have; allowed: letters, digits and %s", f.Value, sign, fieldSigns)
		}
	}
	return nil
}

func (f Field) check(kind string) error {
	if !slices.Contains(Operators(), f.Operator) {
		return fmt.Errorf("operator %q is not known; allowed: %v", f.Operator, Operators())
	}
	if (f.Operator == OperatorAny) != (f.Value == "") {
		return fmt.Errorf("operator %s with value %q; a value is needed with every operator but %s", f.Operator, f.Value, OperatorAny)
	}
	return f.checkValue(kind)
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

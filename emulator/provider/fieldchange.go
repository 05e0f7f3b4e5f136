package provider

import (
	"maps"
	"slices"
	"strings"
)

// keep returns the inputs with what they leave out and the API once decided or was
// told: that stays as it was. It is how Terraform's SDK treats properties that are
// optional and computed
// (https://developer.hashicorp.com/terraform/plugin/sdkv2/schemas/schema-behaviors).
func (f Fields) keep(inputs Properties, was ...Properties) Properties {
	return f.complete(inputs, func(path string, field Field) any {
		if !field.Computed || strings.Contains(path, "[]") {
			return nil
		}
		return known(path, was)
	})
}

// settle returns the inputs as the provider compares them: with what it keeps, and
// with its defaults.
func (f Fields) settle(inputs Properties, was ...Properties) Properties {
	return f.complete(f.keep(inputs, was...), func(_ string, field Field) any { return field.Default })
}

// complete returns a copy of the inputs with a value for what they leave out.
func (f Fields) complete(inputs Properties, value func(path string, field Field) any) Properties {
	if len(f) == 0 {
		return inputs
	}
	completed, _ := clone(map[string]any(inputs)).(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(f)) { // an object before what it holds
		for _, p := range places(completed, path) {
			if p.value() != nil {
				continue
			}
			if filled := value(path, f[path]); filled != nil {
				p.holder[p.key] = filled
			}
		}
	}
	return completed
}

// known is the first value at the path that somebody knows.
func known(path string, was []Properties) any {
	for _, properties := range was {
		if value, found := properties.At(path); found {
			return clone(value)
		}
	}
	return nil
}

func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, item := range v {
			copied[key] = clone(item)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, item := range v {
			copied[i] = clone(item)
		}
		return copied
	}
	return value
}

// replaced lists the paths of the changes that the provider cannot make in place.
func (f Fields) replaced(found []change) []string {
	var paths []string
	for path, field := range f {
		if !field.Fixed {
			continue
		}
		plain := strings.ReplaceAll(path, "[]", "")
		for _, c := range found {
			if f.fixes(plain, c) {
				paths = append(paths, c.dotted)
			}
		}
	}
	return paths
}

// fixes says whether a change touches the property at the path, which cannot
// change in place.
func (f Fields) fixes(path string, c change) bool {
	if c.dotted == path {
		return true
	}
	if strings.HasPrefix(c.dotted, path+".") {
		// A block that cannot come or go: what is in it decides for itself.
		return !f.block(path)
	}
	below, inside := strings.CutPrefix(path, c.dotted+".")
	return inside && (holds(c.before, below) || holds(c.after, below))
}

// block says whether the schema knows what is inside a property.
func (f Fields) block(path string) bool {
	for other := range f {
		if strings.HasPrefix(strings.ReplaceAll(other, "[]", ""), path+".") {
			return true
		}
	}
	return false
}

// holds says whether a value that came or went as a whole has something at the path.
func holds(value any, path string) bool {
	switch v := value.(type) {
	case map[string]any:
		first, rest, more := strings.Cut(path, ".")
		if !more {
			return v[first] != nil
		}
		return holds(v[first], rest)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return holds(item, path) })
	}
	return false
}

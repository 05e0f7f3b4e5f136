package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// field is what the embedded cloud knows of a property: see its schema package.
type field struct {
	Required     bool     `json:"required,omitempty"`
	Fixed        bool     `json:"fixed,omitempty"`
	Computed     bool     `json:"computed,omitempty"`
	Default      any      `json:"default,omitempty"`
	OneOf        []string `json:"oneOf,omitempty"`
	AnyCase      bool     `json:"anyCase,omitempty"`
	Min          *float64 `json:"min,omitempty"`
	Max          *float64 `json:"max,omitempty"`
	Match        string   `json:"match,omitempty"`
	OrEmpty      bool     `json:"orEmpty,omitempty"`
	Form         string   `json:"form,omitempty"`
	MinLength    *float64 `json:"minLength,omitempty"`
	MaxLength    *float64 `json:"maxLength,omitempty"`
	MinItems     int      `json:"minItems,omitempty"`
	MaxItems     int      `json:"maxItems,omitempty"`
	Conflicts    []string `json:"conflicts,omitempty"`
	ExactlyOneOf []string `json:"exactlyOneOf,omitempty"`
	AtLeastOneOf []string `json:"atLeastOneOf,omitempty"`
	RequiredWith []string `json:"requiredWith,omitempty"`
}

// writer collects the fields of one resource.
type writer struct {
	top     map[string]*property
	shape   *shape
	fields  map[string]field
	missing []string
}

func (w *writer) write(properties map[string]*property, at *shape, prefix string) {
	children := at.children()
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p := properties[name]
		if p.computed && !p.optional && !p.required {
			continue // an output
		}
		c, known := find(children, name)
		if !known {
			w.missing = append(w.missing, prefix+name)
			continue
		}
		path := prefix + c.name
		f := field{
			Required: p.required, Fixed: p.fixed, Computed: p.optional && p.computed, Default: p.fallback,
			Conflicts: w.paths(p.conflicts), ExactlyOneOf: w.paths(p.exactlyOne), AtLeastOneOf: w.paths(p.leastOne), RequiredWith: w.paths(p.with),
		}
		f.take(p.values)
		if c.list {
			f.MinItems, f.MaxItems = p.minItems, p.maxItems
		}
		w.put(path, f)
		if p.item != nil && c.list {
			var item field
			item.take(p.item.values)
			w.put(path+"[]", item)
		}
		if c.list {
			path += "[]"
		}
		w.write(p.fields, c.below, path+".")
	}
}

func (w *writer) put(path string, f field) {
	if text, err := json.Marshal(f); err == nil && string(text) != "{}" {
		w.fields[path] = f
	}
}

func (f *field) take(v values) {
	f.OneOf, f.AnyCase, f.Min, f.Max, f.Match = v.oneOf, v.anyCase, v.min, v.max, v.match
	f.OrEmpty, f.Form, f.MinLength, f.MaxLength = v.orEmpty, v.form, v.minLength, v.maxLength
}

// paths translates the schema's paths, such as settings.0.tier.
func (w *writer) paths(given []string) []string {
	var all []string
	for _, path := range given {
		at, translated := w.shape, []string{}
		for part := range strings.SplitSeq(path, ".") {
			if strings.Trim(part, "0123456789") == "" {
				continue
			}
			c, known := find(at.children(), part)
			if !known {
				w.missing = append(w.missing, "path "+path)
				break
			}
			at, translated = c.below, append(translated, c.name)
		}
		all = append(all, strings.Join(translated, "."))
	}
	return all
}

// encode writes one line for each property, below where they come from.
func encode(from origin, fields map[string]field) ([]byte, error) {
	var text bytes.Buffer
	head, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	fmt.Fprintf(&text, "{\n\"\": %s", head)
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(fields[path]); err != nil {
			return nil, fmt.Errorf("encode %s: %w", path, err)
		}
		fmt.Fprintf(&text, ",\n%q: %s", path, bytes.TrimSpace(line.Bytes()))
	}
	text.WriteString("\n}\n")
	return text.Bytes(), nil
}

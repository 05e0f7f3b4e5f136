package provider

import (
	"maps"
	"strconv"
	"strings"
)

// Unknown is the placeholder for a value that is known only after another resource has
// been created. It appears in previews and nowhere else.
type Unknown struct{}

// Properties are a resource's inputs or outputs as plain Go values: string,
// float64, bool, []any, map[string]any and Unknown. A missing property and a
// null one are the same.
type Properties map[string]any

// At returns the value at a path such as "settings.ipConfiguration" or
// "rules.0.action", and whether there is a known one.
func (p Properties) At(path string) (any, bool) {
	var value any = map[string]any(p)
	for _, key := range strings.Split(path, ".") {
		switch container := value.(type) {
		case map[string]any:
			value = container[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(container) {
				return nil, false
			}
			value = container[i]
		default:
			return nil, false
		}
	}
	if _, unknown := value.(Unknown); unknown || value == nil {
		return nil, false
	}
	return value, true
}

// without returns the properties except those with these names.
func (p Properties) without(names []string) Properties {
	if len(names) == 0 {
		return p
	}
	rest := maps.Clone(p)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

// Has says whether something is declared at the path, known or not.
func (p Properties) Has(path string) bool {
	if _, known := p.At(path); known {
		return true
	}
	parent, key := p, path
	if i := strings.LastIndex(path, "."); i >= 0 {
		parent, key = p.Object(path[:i]), path[i+1:]
	}
	_, unknown := parent[key].(Unknown)
	return unknown
}

// Text returns the text at the path, empty when there is none or it is not known.
func (p Properties) Text(path string) string {
	value, _ := p.At(path)
	text, _ := value.(string)
	return text
}

// Number returns the number at the path and whether there is a known one.
func (p Properties) Number(path string) (float64, bool) {
	value, _ := p.At(path)
	number, ok := value.(float64)
	return number, ok
}

// True says whether the value at the path is known to be true.
func (p Properties) True(path string) bool {
	value, _ := p.At(path)
	yes, _ := value.(bool)
	return yes
}

// List returns the list at the path, empty when there is none.
func (p Properties) List(path string) []any {
	value, _ := p.At(path)
	list, _ := value.([]any)
	return list
}

// Object returns the object at the path, empty when there is none.
func (p Properties) Object(path string) Properties {
	value, _ := p.At(path)
	object, _ := value.(map[string]any)
	return object
}

// Texts returns the known texts of the list at the path.
func (p Properties) Texts(path string) []string {
	var texts []string
	for _, item := range p.List(path) {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// WithoutUnknown returns a deep copy of value in which everything that is not
// known yet is null.
func WithoutUnknown(value any) any {
	switch v := value.(type) {
	case Unknown:
		return nil
	case Properties:
		return WithoutUnknown(map[string]any(v))
	case map[string]any:
		known := make(map[string]any, len(v))
		for key, item := range v {
			known[key] = WithoutUnknown(item)
		}
		return known
	case []any:
		known := make([]any, len(v))
		for i, item := range v {
			known[i] = WithoutUnknown(item)
		}
		return known
	default:
		return value
	}
}

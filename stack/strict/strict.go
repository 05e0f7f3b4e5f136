// Package strict reads a stack's settings and leaves nothing unread: a misspelt
// key would silently be a default.
package strict

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Decoder reads settings.
type Decoder struct {
	// Elsewhere returns the full path of a setting with this name in another
	// place, or "": it is what a misplaced key is told. It may be nil.
	Elsewhere func(name string) string
	// Hidden keeps every value out of the problems, because one of them is secret.
	Hidden bool
}

// Decode fills into, a pointer, from JSON text, and lists what does not fit: keys
// that into has no field for, at any depth, and values of the wrong type. What
// fits is there even then. key is the path that problems begin with.
//
// A switch takes on, yes, off and no, too: the Pulumi CLI reads them as text
// (YAML 1.2), but their writers mean true and false.
func (d Decoder) Decode(key, text string, into any) (ps setting.Problems) {
	source := json.NewDecoder(strings.NewReader(text))
	source.UseNumber()
	var raw any
	err := source.Decode(&raw)
	if _, more := source.Token(); err != nil || more != io.EOF {
		ps.Add(key, d.show(text), "is not a valid object", "an object, as in Pulumi.dev.yaml")
		return ps
	}
	fitting, found := d.fit(key, raw, reflect.TypeOf(into).Elem())
	ps = append(ps, found...)
	encoded, err := json.Marshal(fitting)
	if err == nil {
		err = json.Unmarshal(encoded, into)
	}
	if err != nil && len(ps) == 0 {
		ps.Add(key, "[hidden]", "cannot be read", "an object, as in Pulumi.dev.yaml")
	}
	return ps
}

// Decode decodes with a Decoder that has no other settings.
func Decode(key, text string, into any) setting.Problems { return Decoder{}.Decode(key, text, into) }

// fit returns of raw what typ can take.
func (d Decoder) fit(path string, raw any, typ reflect.Type) (any, setting.Problems) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if raw == nil {
		return nil, nil // an empty YAML value: the default
	}
	switch value := raw.(type) {
	case []any:
		if typ.Kind() == reflect.Slice {
			return d.list(path, value, typ.Elem())
		}
	case map[string]any:
		switch typ.Kind() {
		case reflect.Map:
			return d.names(path, value, typ.Elem())
		case reflect.Struct:
			return d.object(path, value, typ)
		}
	default:
		if fitting, ok := scalar(raw, typ); ok {
			return fitting, nil
		}
	}
	return nil, setting.Problems{{Key: path, Value: d.show(raw), Why: "is of the wrong type", Allowed: typeName(typ)}}
}

func (d Decoder) list(path string, items []any, typ reflect.Type) (any, setting.Problems) {
	fitting, ps := make([]any, len(items)), setting.Problems{}
	for i, item := range items {
		value, found := d.fit(indexed(path, i), item, typ)
		fitting[i], ps = value, append(ps, found...)
	}
	return fitting, ps
}

// names reads an object whose keys are the user's own.
func (d Decoder) names(path string, entries map[string]any, typ reflect.Type) (any, setting.Problems) {
	fitting, ps := map[string]any{}, setting.Problems{}
	for _, key := range sortedKeys(entries) {
		value, found := d.fit(path+"."+key, entries[key], typ)
		if len(found) == 0 {
			fitting[key] = value
		}
		ps = append(ps, found...)
	}
	return fitting, ps
}

// object reads an object whose keys are settings.
func (d Decoder) object(path string, entries map[string]any, typ reflect.Type) (any, setting.Problems) {
	known := map[string]reflect.Type{}
	for i := range typ.NumField() {
		known[Key(typ.Field(i))] = typ.Field(i).Type
	}
	fitting, ps := map[string]any{}, setting.Problems{}
	for _, key := range sortedKeys(entries) {
		field, exists := known[key]
		if !exists {
			ps.Add(path+"."+key, d.unread(entries[key]), "is not a valid setting", d.hint(key, sortedKeys(known)))
			continue
		}
		value, found := d.fit(path+"."+key, entries[key], field)
		if value != nil {
			fitting[key] = value
		}
		ps = append(ps, found...)
	}
	return fitting, ps
}

// hint names what was probably meant by an unknown key: the setting of this very
// name elsewhere, or the nearest one here.
func (d Decoder) hint(key string, known []string) string {
	if d.Elsewhere != nil && setting.Nearest(key, known) == "" {
		if place := d.Elsewhere(key); place != "" {
			return place + "?; here one of " + strings.Join(known, ", ")
		}
	}
	return setting.Hint(key, known)
}

// scalar converts a text, number or boolean to the type typ.
func scalar(raw any, typ reflect.Type) (any, bool) {
	switch value := raw.(type) {
	case bool:
		return value, typ.Kind() == reflect.Bool
	case string:
		if typ.Kind() == reflect.Bool {
			return Switch(value)
		}
		return value, typ.Kind() == reflect.String
	case json.Number:
		// The standard library knows whether it fits.
		return value, typ.Kind() != reflect.String && json.Unmarshal([]byte(value), reflect.New(typ).Interface()) == nil
	}
	return nil, false
}

// Switch reads a switch that was written as text: what YAML 1.1 takes for true
// and false (https://yaml.org/type/bool.html).
func Switch(text string) (on, known bool) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "y":
		return true, true
	case "false", "off", "no", "n":
		return false, true
	}
	return false, false
}

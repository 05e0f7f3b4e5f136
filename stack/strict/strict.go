// Package strict reads a stack's settings and leaves nothing unread: a misspelt
// key would silently be a default.
package strict

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Decode fills into, a pointer, from JSON text, and lists what does not fit: keys
// that into has no field for, at any depth, and values of the wrong type. What
// fits is there even then. key is the path that problems begin with.
func Decode(key, text string, into any) (ps setting.Problems) {
	var raw any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		ps.Add(key, text, "is no object", "an object, as in Pulumi.dev.yaml")
		return ps
	}
	ps = unknown(key, raw, reflect.TypeOf(into))
	err := json.Unmarshal([]byte(text), into)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch):
		ps.Add(strings.TrimSuffix(key+"."+mismatch.Field, "."), mismatch.Value, "is of the wrong type", typeName(mismatch.Type))
	case err != nil:
		ps.Add(key, "", err.Error(), "an object, as in Pulumi.dev.yaml")
	}
	return ps
}

// unknown lists every key of raw that typ has no field for: a misspelt setting
// would silently be a default.
func unknown(path string, raw any, typ reflect.Type) (ps setting.Problems) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch value := raw.(type) {
	case []any:
		if typ.Kind() == reflect.Slice {
			for i, item := range value {
				ps = append(ps, unknown(indexed(path, i), item, typ.Elem())...)
			}
		}
	case map[string]any:
		if typ.Kind() == reflect.Map {
			for key, item := range value {
				ps = append(ps, unknown(path+"."+key, item, typ.Elem())...)
			}
		}
		if typ.Kind() != reflect.Struct {
			break
		}
		known := map[string]reflect.Type{}
		for i := range typ.NumField() {
			known[Key(typ.Field(i))] = typ.Field(i).Type
		}
		for key, item := range value {
			if field, found := known[key]; found {
				ps = append(ps, unknown(path+"."+key, item, field)...)
			} else {
				ps.Add(path+"."+key, shown(item), "is no setting", "one of "+strings.Join(sortedKeys(known), ", "))
			}
		}
	}
	return ps
}

// shown is a value as a problem may show it: text under an unknown key could be a
// password in the wrong place.
func shown(value any) any {
	switch value.(type) {
	case bool, float64:
		return value
	}
	return "[hidden]"
}

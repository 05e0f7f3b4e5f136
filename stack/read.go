package stack

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// projectName is the project's name, before every key of a stack's file.
const projectName = "license-platform"

// read fills the settings from the stack's file and lists what does not fit:
// keys that are missing, unknown, or of the wrong type. A value that can be read
// is there even when others cannot, so that the layers can judge it, too.
func read(ctx *pulumi.Context) (Settings, setting.Problems) {
	var s Settings
	var ps setting.Problems
	fields := reflect.ValueOf(&s).Elem()
	for i := range fields.NumField() {
		key := fieldKey(fields.Type().Field(i))
		text, found := ctx.GetConfig(projectName + ":" + key)
		if !found {
			// Without endpoints Google's own are meant; everything else decides
			// something.
			if key != "endpoints" {
				ps.Add(key, "", "is missing from the stack's file", "an object, as in Pulumi.dev.yaml")
			}
			continue
		}
		ps = append(ps, decode(key, text, fields.Field(i))...)
	}
	return s, ps
}

// decode fills one field from JSON text.
func decode(key, text string, into reflect.Value) (ps setting.Problems) {
	var raw any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		ps.Add(key, text, "is no object", "an object, as in Pulumi.dev.yaml")
		return ps
	}
	ps = unknown(key, raw, into.Type())
	err := json.Unmarshal([]byte(text), into.Addr().Interface())
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
			known[fieldKey(typ.Field(i))] = typ.Field(i).Type
		}
		for key, item := range value {
			if field, found := known[key]; found {
				ps = append(ps, unknown(path+"."+key, item, field)...)
			} else {
				ps.Add(path+"."+key, "", "is no setting", "one of "+strings.Join(sortedKeys(known), ", "))
			}
		}
	}
	return ps
}

package strict

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Key is the key of a field in a stack's file.
func Key(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return key
}

// Places returns, for every name of a setting in typ, a struct, the full paths that end
// in it: "platform.lockdown" for "lockdown". Values in lists have no such path.
func Places(typ reflect.Type) map[string][]string {
	all := map[string][]string{}
	places(typ, "", all)
	return all
}

func places(typ reflect.Type, prefix string, all map[string][]string) {
	for i := range typ.NumField() {
		key, field := Key(typ.Field(i)), typ.Field(i).Type
		all[key] = append(all[key], prefix+key)
		for field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		if field.Kind() == reflect.Struct {
			places(field, prefix+key+".", all)
		}
	}
}

// typeName says in a user's words what a setting takes.
func typeName(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Bool:
		return "true or false, without quotes"
	case reflect.String:
		return "text, in quotes where YAML would read something else"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float64:
		return "a number, without quotes"
	default:
		return "a whole number, without quotes"
	}
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

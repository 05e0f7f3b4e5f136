package stack

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/stack/strict"
)

// configKeys returns every key of the stack's file, with its namespace.
//
// The SDK has functions that read a key by its name, but none that lists the keys, so an unknown
// key would be ignored in silence. It holds the list in a private field, which reflection
// reads; if a later SDK moves it, this is an error and nothing is deployed.
func configKeys(ctx *pulumi.Context) ([]string, error) {
	at := reflect.ValueOf(ctx)
	for _, name := range []string{"state", "info", "Config"} {
		if at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			break
		}
		at = at.FieldByName(name)
	}
	if at.Kind() != reflect.Map || at.Type().Key().Kind() != reflect.String {
		return nil, errors.New("this version of the Pulumi SDK does not say which settings the stack's file holds: use the version in go.mod, or change stack/keys.go")
	}
	var keys []string
	for _, key := range at.MapKeys() {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	return keys, nil
}

// unknownKeys lists every key of the project's namespace that the program does
// not read, and every namespace that is almost the project's. shown returns a
// key's value as a problem may show it; stack is named in commands.
func unknownKeys(keys []string, stack string, shown func(key string) any) (ps setting.Problems) {
	sections, places := sections(), strict.Places(reflect.TypeFor[Settings]())
	for _, full := range keys {
		namespace, key, _ := strings.Cut(full, ":")
		switch {
		case namespace != projectName && setting.Nearest(namespace, []string{projectName}) != "":
			ps.Add(full, shown(full), "is not a valid setting of this project", projectName+":"+key+"?; every setting begins with "+projectName+":")
		case namespace != projectName || slices.Contains(sections, key):
		case setting.Nearest(key, sections) == "" && suggestedPath(key, places) != "":
			ps.Add(key, shown(full), "is not a valid setting, because it is outside of its section", within(suggestedPath(key, places), stack))
		default:
			ps.Add(key, shown(full), "is not a valid setting", setting.Hint(key, sections))
		}
	}
	return ps
}

// sections are the keys that a stack's file may have: one for each field of the
// settings, and the secrets.
func sections() []string {
	keys := []string{migrationPasswordKey, pagerDutyKey}
	for field := range reflect.TypeFor[Settings]().Fields() {
		keys = append(keys, strict.Key(field))
	}
	slices.Sort(keys)
	return keys
}

// suggestedPath returns the path of the only setting that a misplaced key can mean:
// "platform.lockdown" for "lockdown", for "lockdwon" and for "platform.lockdown",
// or "".
func suggestedPath(key string, places map[string][]string) string {
	names := strings.Split(key, ".")
	name := names[len(names)-1]
	if _, exact := places[name]; !exact {
		known := make([]string, 0, len(places))
		for each := range places {
			known = append(known, each)
		}
		name = setting.Nearest(name, known)
	}
	at := places[name]
	if i := slices.Index(at, key); i >= 0 {
		return at[i]
	}
	if len(at) == 1 {
		return at[0]
	}
	return ""
}

// within says how a setting is written that belongs into a section of the stack's file.
func within(path, stack string) string {
	section, rest, _ := strings.Cut(path, ".")
	if rest == "" {
		return path
	}
	return path + "?; that is " + rest + " below " + projectName + ":" + section + ", or: pulumi config set --path '" + projectName + ":" + path + "' VALUE --stack " + stack
}

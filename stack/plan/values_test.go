package plan_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/strict"
)

// root is the module's folder.
const root = "../.."

// place is a setting that takes one value.
type place struct {
	// path is the setting's, without the numbers of lists.
	path string
	kind reflect.Kind
	// at is the path that is set: the setting's own, or that of the list or map around
	// it. whole builds the value for at from the setting's value.
	at    string
	whole func(value any) any
}

// within is the place of key below p: in an object at its own path, in a list or a map
// as part of the first entry.
func (p place) within(key string, committed any) (below place) {
	outer := p.whole
	below = place{path: strings.TrimPrefix(p.path+"."+key, "."), at: p.at, whole: outer}
	if outer == nil {
		below.at = below.path
		return below
	}
	entry, _ := committed.(map[string]any)
	below.whole = func(value any) any {
		changed := maps.Clone(entry)
		if changed == nil {
			changed = map[string]any{}
		}
		changed[key] = value
		return outer(changed)
	}
	return below
}

// places are all settings of a type that take one value.
func places(typ reflect.Type, p place, committed any) (all []place) {
	same := func(value any) any { return value }
	outer := p.whole
	if outer == nil {
		outer = same
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return places(typ.Elem(), p, committed)
	case reflect.Struct:
		entries, _ := committed.(map[string]any)
		for i := range typ.NumField() {
			key := strict.Key(typ.Field(i))
			all = append(all, places(typ.Field(i).Type, p.within(key, committed), entries[key])...)
		}
		return all
	case reflect.Slice:
		items, _ := committed.([]any)
		var first any
		if len(items) > 0 {
			first, items = items[0], items[1:]
		}
		p.whole = func(value any) any { return outer(append([]any{value}, items...)) }
		return places(typ.Elem(), p, first)
	case reflect.Map:
		p.whole = func(value any) any { return outer(map[string]any{"name": value}) }
		return places(typ.Elem(), p, nil)
	default:
		p.kind, p.whole = typ.Kind(), outer
		return []place{p}
	}
}

// values are what somebody may write by mistake, for each kind of setting.
func values(kind reflect.Kind) []any {
	switch kind {
	case reflect.String:
		return []any{
			"", " ", "x", "a b", "UPPER", "über", "a.b", "-x", "x-", "1x", "*", "a\nb", "${x}", "1.5", "a,b", "x:y", "/x", "https://x/", "me@x.com", "a_b",
			strings.Repeat("x", 64), strings.Repeat("x", 300), "us-central1", "10.0.0.0/33", "10.99.0.5/20", "0.0.0.0/0", "10.99.0.0/30", "10.99.0.0/20", "2001:db8::/32",
			"db-custom-3-7680", "db-custom-2-7681", "e2-standard-4", "512m", "DENY",
		}
	case reflect.Bool:
		return []any{true, false}
	case reflect.Float64:
		return []any{-0.1, 0.5, 1.5, 101}
	default:
		return []any{-1, 0, 1, 2, 59, 61, 1001, 65536, 2147483648, 1e15, 1.5}
	}
}

// committed are the settings of a stack's file.
func committed(t *testing.T, name string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(content, &file))
	all := map[string]any{}
	for key, value := range file.Config {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		var decoded any
		require.NoError(t, json.Unmarshal(encoded, &decoded))
		all[strings.TrimPrefix(key, "license-platform:")] = decoded
	}
	return all
}

// writeInto writes one value of every share into every setting of a stack. It is taken
// by the providers too, or refused by a message that names the setting, or at least its
// section, and shows the value as a person wrote it.
func writeInto(t *testing.T, name string, share uint32) {
	t.Helper()
	tried := 0
	for _, p := range places(reflect.TypeFor[stack.Settings](), place{}, committed(t, name)) {
		for _, value := range values(p.kind) {
			what := fmt.Sprintf("%s: %s = %#v", name, p.path, value)
			sum := fnv.New32()
			_, _ = sum.Write([]byte(what))
			if sum.Sum32()%share != 0 {
				continue
			}
			tried++
			change := plan.Set(p.at, p.whole(value))
			_, err := plan.Make(root, name, change, plan.Preview()) // the checks of the cluster run there alone
			if err == nil {
				_, err = plan.Make(root, name, change)
			}
			if err == nil || value == false && strings.HasSuffix(p.path, ".adopt") && strings.Contains(strings.ToLower(err.Error()), "already") {
				continue // that something exists already is the cloud's to say
			}
			if strings.Contains(err.Error(), "Insufficient regional quota") {
				continue // how much a project may have is the cloud's to say, and its owner can ask for more
			}
			assert.NotRegexp(t, `(gcp|kubernetes):[a-z0-9./]+:\w+ "`, err.Error(), "%s: the settings take it, and a provider refuses it", what)
			words := strings.Split(p.path, ".")
			named := strings.Contains(err.Error(), strings.Join(words[:max(1, min(2, len(words)-1))], ".")) || strings.Contains(err.Error(), words[len(words)-1])
			assert.True(t, named || strings.Contains(err.Error(), "do not fit what exists"), "%s: another setting is blamed: %v", what, err)
			assert.NotRegexp(t, `0x[0-9a-f]{6}|&\{|map\[|%!|<nil>|\[\]string`, err.Error(), "%s: Go's own way to show a value", what)
		}
	}
	require.Greater(t, tried, 10)
}

func TestSomeValuesOfEveryKindAreTakenByTheProvidersTooOrRefusedByName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dev", "prod"} {
		writeInto(t, name, 40)
	}
}

func TestDrillEveryValueIsTakenByTheProvidersTooOrRefusedByName(t *testing.T) {
	if testing.Short() {
		t.Skip("make drills runs it")
	}
	for _, name := range []string{"dev", "prod", "local"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			writeInto(t, name, 1)
		})
	}
}

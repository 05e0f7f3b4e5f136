package plan

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Change changes a run before it starts.
type Change func(*Run)

// Run is what a program is started with.
type Run struct {
	settings map[string]any    // by key, without the project's name
	secrets  map[string]string // likewise
	keys     map[string]string // by key, with the namespace
	preview  bool
	found    map[string]map[string]any
	declared []declaration
	exists   []store.Resource
}

// declaration is another value of what the program declares.
type declaration struct {
	typ, path string
	value     any
}

// Set sets a setting, for example Set("network.nat", true). A key below a list
// cannot be set.
func Set(path string, value any) Change {
	return func(r *Run) { put(r.settings, strings.Split(path, "."), value) }
}

// Unset removes a setting or a secret.
func Unset(path string) Change {
	return func(r *Run) {
		keys := strings.Split(path, ".")
		delete(r.secrets, path)
		at := r.settings
		for _, key := range keys[:len(keys)-1] {
			at, _ = at[key].(map[string]any)
		}
		delete(at, keys[len(keys)-1])
	}
}

// Plain puts a value into the stack's file where a secret belongs.
func Plain(key, value string) Change {
	return func(r *Run) {
		delete(r.secrets, key)
		r.settings[key] = value
	}
}

// Key sets a key of the stack's file as a whole, its namespace included.
func Key(key, text string) Change {
	return func(r *Run) {
		if r.keys == nil {
			r.keys = map[string]string{}
		}
		r.keys[key] = text
	}
}

// Preview makes the run a preview.
func Preview() Change { return func(r *Run) { r.preview = true } }

// Declare changes every declared resource of a type before it reaches the provider; nil
// removes the value at the path.
func Declare(typ, path string, value any) Change {
	return func(r *Run) { r.declared = append(r.declared, declaration{typ, path, value}) }
}

// Found makes a look-up find something else: function is Pulumi's token, for
// example "gcp:compute/getSubnetwork:getSubnetwork", and values replace the
// properties of what is there for every stack; without values it finds nothing.
func Found(function string, values map[string]any) Change {
	return func(r *Run) {
		if r.found == nil {
			r.found = map[string]map[string]any{}
		}
		r.found[function] = values
	}
}

// Updated lets the run find these outputs of the last update.
func Updated(outputs map[string]any) Change { return Found(outputsOfStack, outputs) }

// Exists puts something into the cloud that is there before the run.
func Exists(typ, id string, properties map[string]any) Change {
	return func(r *Run) {
		r.exists = append(r.exists, store.Resource{Type: typ, ID: id, Inputs: properties, Outputs: properties})
	}
}

func put(at map[string]any, keys []string, value any) {
	if len(keys) == 1 {
		at[keys[0]] = value
		return
	}
	below, found := at[keys[0]].(map[string]any)
	if !found {
		below = map[string]any{}
		at[keys[0]] = below
	}
	put(below, keys[1:], value)
}

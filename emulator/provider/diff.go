package provider

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// plainKey is a property name that needs no quotes in a path.
var plainKey = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*$`)

// change is one difference between two sets of inputs.
type change struct {
	top     string // the top-level property
	path    string // the engine's notation, for example rules[0].action
	dotted  string // the notation of Kind.Immutable, for example settings.tier
	missing bool   // not there before
	gone    bool   // not there any more

	before, after any
}

// changes lists the differences between old and new inputs in the order of
// their paths.
func changes(before, after Properties) []change {
	var found []change
	compare(map[string]any(before), map[string]any(after), change{}, &found)
	slices.SortFunc(found, func(a, b change) int { return strings.Compare(a.path, b.path) })
	return found
}

func compare(before, after any, at change, found *[]change) {
	if reflect.DeepEqual(before, after) {
		return
	}
	switch was := before.(type) {
	case map[string]any:
		if is, ok := after.(map[string]any); ok {
			for _, key := range keys(was, is) {
				compare(was[key], is[key], at.key(key), found)
			}
			return
		}
	case []any:
		if is, ok := after.([]any); ok {
			for i := range max(len(was), len(is)) {
				compare(item(was, i), item(is, i), at.index(i), found)
			}
			return
		}
	}
	at.missing, at.gone = before == nil, after == nil
	at.before, at.after = before, after
	*found = append(*found, at)
}

func keys(a, b map[string]any) []string {
	var names []string
	for key := range a {
		names = append(names, key)
	}
	for key := range b {
		if _, both := a[key]; !both {
			names = append(names, key)
		}
	}
	return names
}

func item(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func (c change) key(name string) change {
	switch {
	case !plainKey.MatchString(name):
		c.path += `["` + name + `"]`
	case c.path == "":
		c.path = name
	default:
		c.path += "." + name
	}
	if c.top == "" {
		c.top = name
	}
	c.dotted = strings.TrimPrefix(c.dotted+"."+name, ".")
	return c
}

func (c change) index(i int) change {
	c.path += "[" + strconv.Itoa(i) + "]"
	return c
}

// unignored leaves out the changes of properties that the program ignores.
func unignored(found []change, ignored []string) []change {
	return slices.DeleteFunc(found, func(c change) bool {
		return slices.ContainsFunc(ignored, func(name string) bool {
			return c.path == name || strings.HasPrefix(c.path, name+".") || strings.HasPrefix(c.path, name+"[")
		})
	})
}

// replaces says whether the change touches an immutable property.
func (c change) replaces(immutable []string) bool {
	return slices.ContainsFunc(immutable, func(name string) bool {
		return name == "*" || c.dotted == name || strings.HasPrefix(c.dotted, name+".") || strings.HasPrefix(name, c.dotted+".")
	})
}

// describe turns changes into the engine's answer.
func describe(found []change, immutable []string) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	for _, c := range found {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		kind := pulumirpc.PropertyDiff_UPDATE
		switch {
		case c.missing:
			kind = pulumirpc.PropertyDiff_ADD
		case c.gone:
			kind = pulumirpc.PropertyDiff_DELETE
		}
		if c.replaces(immutable) {
			kind++ // every kind is followed by its replacing twin
			if !slices.Contains(response.Replaces, c.top) {
				response.Replaces = append(response.Replaces, c.top)
			}
		}
		if !slices.Contains(response.Diffs, c.top) {
			response.Diffs = append(response.Diffs, c.top)
		}
		response.DetailedDiff[c.path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return response
}

// replacedFor adds to the engine's answer that these inputs replace the resource, although
// none of them changes.
func replacedFor(paths []string, response *pulumirpc.DiffResponse) {
	for _, path := range paths {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Replaces = append(response.Replaces, path)
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: pulumirpc.PropertyDiff_UPDATE_REPLACE}
	}
}

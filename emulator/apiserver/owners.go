package apiserver

import (
	"slices"
	"strings"
)

// Owner is a field manager with one kind of operation: who applies and who
// updates are two managers, though they have one name.
type Owner struct {
	// Manager is the name, or the beginning of it where that is said.
	Manager string
	// Operation is "Apply" or "Update".
	Operation string
}

// Owners lists who owns fields of the object, in the order of the object.
func Owners(live Object) []Owner {
	var all []Owner
	for _, entry := range entries(live) {
		manager, _ := entry["manager"].(string)
		operation, _ := entry["operation"].(string)
		all = append(all, Owner{Manager: manager, Operation: operation})
	}
	return all
}

// Rename gives every field of the owners, whose names only begin so, to one manager that
// applies. A program that does so before an apply without these fields removes them. live
// itself is not changed.
func Rename(live Object, owners []Owner, manager string) Object {
	changed := clone(live)
	for _, entry := range entries(changed) {
		name, _ := entry["manager"].(string)
		operation, _ := entry["operation"].(string)
		if slices.ContainsFunc(owners, func(o Owner) bool {
			return strings.HasPrefix(name, o.Manager) && operation == o.Operation && entry["subresource"] == nil
		}) {
			entry["manager"], entry["operation"] = manager, "Apply"
		}
	}
	return joined(changed)
}

// joined merges the entries of the same manager and operation into one, as the API server does.
func joined(live Object) Object {
	metadata, _ := live["metadata"].(Object)
	var all []any
	seen := map[[4]any]Object{}
	for _, entry := range entries(live) {
		key := [4]any{entry["manager"], entry["operation"], entry["apiVersion"], entry["subresource"]}
		if first, twice := seen[key]; twice {
			fields, _ := first["fieldsV1"].(Object)
			more, _ := entry["fieldsV1"].(Object)
			first["fieldsV1"] = union(fields, more)
			continue
		}
		seen[key] = entry
		all = append(all, entry)
	}
	if len(all) > 0 {
		metadata["managedFields"] = all
	}
	return live
}

// union is the set of fields that are in one of two sets.
func union(a, b Object) Object {
	all := clone(a)
	for name, below := range b {
		ours, both := all[name].(Object)
		theirs, _ := below.(Object)
		if both {
			all[name] = union(ours, theirs)
		} else {
			all[name] = cloneAny(below)
		}
	}
	return all
}

func entries(live Object) (all []Object) {
	metadata, _ := live["metadata"].(Object)
	list, _ := metadata["managedFields"].([]any)
	for _, item := range list {
		if entry, ok := item.(Object); ok {
			all = append(all, entry)
		}
	}
	return all
}

func clone(value Object) Object {
	copied := make(Object, len(value))
	for key, item := range value {
		copied[key] = cloneAny(item)
	}
	return copied
}

func cloneAny(value any) any {
	switch v := value.(type) {
	case Object:
		return clone(v)
	case []any:
		copied := make([]any, len(v))
		for i, item := range v {
			copied[i] = cloneAny(item)
		}
		return copied
	default:
		return v
	}
}

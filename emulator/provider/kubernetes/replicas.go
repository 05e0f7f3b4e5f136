package kubernetes

import (
	"maps"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// defaulted adds what the API server fills in, where somebody else may change it
// later: whoever creates a Deployment owns its number of pods, also when it
// declares none
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentSpec).
func (t objectType) defaulted(object apiserver.Object) apiserver.Object {
	spec, given := object["spec"].(map[string]any)
	if t.token != TypeDeployment || !given || spec["replicas"] != nil {
		return object
	}
	return with(object, []string{"spec", "replicas"}, int64(1))
}

// ignoring is what the real provider applies when the program ignores changes of some
// properties: fields with other owners are left out, and fields without another owner are
// sent with their live value (handleSSAIgnoreFields in
// https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/await/await.go).
func ignoring(live, declared apiserver.Object, manager string, paths []string) apiserver.Object {
	for _, text := range paths {
		path := strings.Split(text, ".")
		ours, theirs := owned(live, path, manager)
		value, there := at(live, path)
		switch {
		case theirs && !ours:
			declared = without(declared, path)
		case there:
			declared = with(declared, path, value)
		}
	}
	return declared
}

// owned tells whether a field of the object is the manager's, and whether it is
// somebody else's.
func owned(live apiserver.Object, path []string, manager string) (ours, theirs bool) {
	for _, item := range provider.Properties(live).List("metadata.managedFields") {
		entry, _ := item.(map[string]any)
		fields, _ := entry["fieldsV1"].(map[string]any)
		names := make([]string, len(path))
		for i, name := range path {
			names[i] = "f:" + name
		}
		if _, has := at(fields, names); !has {
			continue
		}
		ours, theirs = ours || entry["manager"] == manager, theirs || entry["manager"] != manager
	}
	return ours, theirs
}

func at(object map[string]any, path []string) (value any, there bool) {
	value = object
	for _, name := range path {
		inner, isObject := value.(map[string]any)
		if !isObject {
			return nil, false
		}
		if value, there = inner[name]; !there {
			return nil, false
		}
	}
	return value, true
}

// with is a copy of the object with another value at path.
func with(object map[string]any, path []string, value any) map[string]any {
	changed := maps.Clone(object)
	if changed == nil {
		changed = map[string]any{}
	}
	if len(path) == 1 {
		changed[path[0]] = value
		return changed
	}
	inner, _ := changed[path[0]].(map[string]any)
	changed[path[0]] = with(inner, path[1:], value)
	return changed
}

// without is a copy of the object without the value at path.
func without(object map[string]any, path []string) map[string]any {
	inner, nested := object[path[0]].(map[string]any)
	changed := maps.Clone(object)
	switch {
	case len(path) == 1:
		delete(changed, path[0])
	case nested:
		changed[path[0]] = without(inner, path[1:])
	}
	return changed
}

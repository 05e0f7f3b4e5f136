package kubernetes

import (
	"maps"
	"reflect"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// seen returns what a refresh uses as inputs: the declared fields with their live values,
// so that fields of others are not a difference (pulumi-kubernetes v4.33,
// provider/pkg/provider/util.go, pruneMap). Without declared fields it is the whole
// object but for what the API server assigns.
func seen(present store.Resource, declared provider.Properties) provider.Properties {
	if len(declared) > 0 {
		return prune(present.Outputs, declared)
	}
	whole := maps.Clone(present.Outputs)
	delete(whole, "status")
	metadata := maps.Clone(map[string]any(provider.Properties(whole).Object("metadata")))
	for _, assigned := range []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"} {
		delete(metadata, assigned)
	}
	whole["metadata"] = metadata
	return whole
}

func prune(source, target map[string]any) map[string]any {
	kept := map[string]any{}
	for key, value := range source {
		if wanted, declared := target[key]; declared {
			kept[key] = pruneValue(value, wanted)
		}
	}
	return kept
}

func pruneValue(value, wanted any) any {
	if reflect.TypeOf(value) != reflect.TypeOf(wanted) {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		return prune(v, wanted.(map[string]any))
	case []any:
		list := wanted.([]any)
		kept := make([]any, 0, len(v))
		for i, item := range v {
			if i < len(list) {
				kept = append(kept, pruneValue(item, list[i]))
			}
		}
		return kept
	default:
		return value
	}
}

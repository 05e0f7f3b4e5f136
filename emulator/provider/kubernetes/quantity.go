package kubernetes

import "k8s.io/apimachinery/pkg/api/resource"

// canonical returns a copy of an object in which the quantities of requests and limits are
// written as the API server writes them: 1000m is 1, and 100.5m is 101m
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/, and
// SetDefaults_ResourceList in
// https://github.com/kubernetes/kubernetes/blob/v1.30.0/pkg/apis/core/v1/defaults.go).
func canonical(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, item := range v {
			copied[key] = canonical(item)
			if amounts, is := copied[key].(map[string]any); is && (key == "requests" || key == "limits") {
				canonicalAmounts(amounts)
			}
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, item := range v {
			copied[i] = canonical(item)
		}
		return copied
	default:
		return value
	}
}

func canonicalAmounts(amounts map[string]any) {
	for name, amount := range amounts {
		text, is := amount.(string)
		if !is {
			continue
		}
		if quantity, err := resource.ParseQuantity(text); err == nil {
			quantity.RoundUp(resource.Milli)
			amounts[name] = quantity.String()
		}
	}
}

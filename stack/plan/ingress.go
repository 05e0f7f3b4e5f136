package plan

// IngressMetadata is the metadata of the IDE's Ingress with other annotations; nil
// removes one.
func IngressMetadata(others map[string]any) map[string]any {
	annotations := map[string]any{
		"kubernetes.io/ingress.class":                 "gce",
		"kubernetes.io/ingress.allow-http":            "false",
		"kubernetes.io/ingress.global-static-ip-name": "coditect-ai-ip",
		"networking.gke.io/managed-certificates":      "coditect-ai-ssl",
		"coditect.ai/on-call":                         "ide@coditect.ai",
	}
	for key, value := range others {
		annotations[key] = value
		if value == nil {
			delete(annotations, key)
		}
	}
	return map[string]any{
		"name": "coditect-unified-ingress", "namespace": "coditect-app", "annotations": annotations,
		"finalizers": []any{"networking.gke.io/ingress-finalizer-V2"},
	}
}

// Rule is a rule of an Ingress: a host, and paths each followed by its Service.
func Rule(host string, routes ...string) map[string]any {
	var paths []any
	for i := 0; i+1 < len(routes); i += 2 {
		paths = append(paths, map[string]any{"path": routes[i], "pathType": "Prefix", "backend": map[string]any{
			"service": map[string]any{"name": routes[i+1], "port": map[string]any{"number": 80}},
		}})
	}
	return map[string]any{"host": host, "http": map[string]any{"paths": paths}}
}

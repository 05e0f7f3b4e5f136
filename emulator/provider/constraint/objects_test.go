package constraint_test

import "github.com/coditect-ai/license-platform/emulator/provider/kubernetes"

const (
	policyAPI = kubernetesAPI + "policy-resources/network-policy-v1/"
	budgetAPI = kubernetesAPI + "policy-resources/pod-disruption-budget-v1/"
	scalerAPI = kubernetesAPI + "workload-resources/horizontal-pod-autoscaler-v2/"
	serveAPI  = kubernetesAPI + "service-resources/service-v1/"
	namesDocs = "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"
	labelDocs = "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"
)

func service() map[string]any {
	return object("v1", "Service", map[string]any{"spec": map[string]any{
		"selector": map[string]any{"app": "api"}, "ports": []any{map[string]any{"name": "http", "port": 80, "targetPort": 8000}},
	}})
}

// opens is the way out to one peer.
func opens(peer map[string]any) []any { return []any{map[string]any{"to": []any{peer}}} }

func block(cidr string, except ...any) map[string]any {
	return map[string]any{"ipBlock": map[string]any{"cidr": cidr, "except": except}}
}

func objectRows() []row {
	const budget, scaler = "kubernetes:policy/v1:PodDisruptionBudget", kubernetes.TypeAutoscaler
	policy := object("networking.k8s.io/v1", "NetworkPolicy", map[string]any{"spec": map[string]any{
		"podSelector": map[string]any{}, "policyTypes": []any{"Egress"}, "egress": opens(block("10.0.0.0/8", "10.1.0.0/16")),
	}})
	one := func(what string, change changes, says, source string) row {
		return row{what: what, typ: kubernetes.TypeNetworkPolicy, right: policy, change: change, says: says, source: source}
	}
	both := block("10.0.0.0/8")
	both["podSelector"] = map[string]any{}
	scale := object("autoscaling/v2", "HorizontalPodAutoscaler", map[string]any{"spec": map[string]any{
		"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": map[string]any{"kind": "Deployment", "name": "api", "apiVersion": "apps/v1"},
	}})
	return []row{
		one("a NetworkPolicy with a misspelt field", changes{"spec.podSelecter": map[string]any{}}, `unknown field "spec.podSelecter"`, strictFields),
		one("a range that is not valid", changes{"spec.egress": opens(block("10.0.0.0/99"))}, "must be a valid CIDR value", policyAPI),
		one("an exception outside of its range", changes{"spec.egress": opens(block("10.0.0.0/8", "192.168.0.0/16"))}, "strict subset of `cidr`", policyAPI),
		one("a range and a selector in one peer", changes{"spec.egress": opens(both)}, "may not specify both", policyAPI),
		one("a direction that does not exist", changes{"spec.policyTypes": []any{"Out"}}, `Unsupported value: "Out"`, policyAPI),
		one("a port of a policy over 65535", changes{"spec.egress": []any{map[string]any{"ports": []any{map[string]any{"port": 70000}}}}}, "must be between 1 and 65535", policyAPI),
		one("a NetworkPolicy for a label that no pod can have", changes{"spec.podSelector": map[string]any{"matchLabels": map[string]any{"app": "ide api"}}}, "spec.podSelector: Invalid value", labelDocs),
		{
			what: "a namespace that every cluster has", typ: kubernetes.TypeNamespace, when: onCreate,
			right:  map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "app"}},
			change: changes{"metadata.name": "default"}, says: `"default" already exists`, source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#initial-namespaces",
		},
		{
			what: "a budget that says both how many pods stay and how many go", typ: budget,
			right:  object("policy/v1", "PodDisruptionBudget", map[string]any{"spec": map[string]any{"maxUnavailable": 1}}),
			change: changes{"spec.minAvailable": 1}, says: "cannot be both set", source: budgetAPI,
		},
		{
			what: "an autoscaler whose least is more than its most", typ: scaler, right: scale,
			change: changes{"spec.minReplicas": 6}, says: "must be greater than or equal to `minReplicas`", source: scalerAPI,
		},
		{
			what: "a Service without ports", typ: kubernetes.TypeService, right: service(),
			change: changes{"spec.ports": nil}, says: "spec.ports: Required value", source: serveAPI,
		},
		{
			what: "a Service with two ports without names", typ: kubernetes.TypeService, right: service(),
			change: changes{"spec.ports": []any{map[string]any{"port": 80}, map[string]any{"port": 81}}}, says: "spec.ports[0].name: Required value", source: serveAPI,
		},
		{
			what: "a label with a space", typ: kubernetes.TypeService, right: service(),
			change: changes{"metadata.labels": map[string]any{"a": "b c"}}, says: "metadata.labels: Invalid value", source: labelDocs,
		},
		{
			what: "a name with capital letters", typ: kubernetes.TypeConfigMap, right: object("v1", "ConfigMap", nil),
			change: changes{"metadata.name": "API"}, says: "metadata.name: Invalid value", source: namesDocs,
		},
	}
}

package constraint_test

import (
	"maps"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

const (
	kubernetesAPI = "https://kubernetes.io/docs/reference/kubernetes-api/"
	strictFields  = "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation"
	deploymentAPI = kubernetesAPI + "workload-resources/deployment-v1/"
	podAPI        = kubernetesAPI + "workload-resources/pod-v1/"
	jobAPI        = kubernetesAPI + "workload-resources/job-v1/"
	quantityAPI   = kubernetesAPI + "common-definitions/quantity/"
)

func namespace() made {
	return made{kubernetes.TypeNamespace, "app", map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "app"}}}
}

// object is one with a name in the namespace app, and more fields.
func object(version, kind string, more map[string]any) map[string]any {
	whole := map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": "api", "namespace": "app"}}
	maps.Copy(whole, more)
	return whole
}

// container is one that the API server takes, with other fields.
func container(fields map[string]any) []any {
	whole := map[string]any{"name": "api", "image": "127.77.8.13:5000/p/r/api@sha256:abc"}
	maps.Copy(whole, fields)
	return []any{whole}
}

func deployment() map[string]any {
	return object("apps/v1", "Deployment", map[string]any{"spec": map[string]any{
		"replicas": 2, "selector": map[string]any{"matchLabels": map[string]any{"app": "api"}},
		"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": "api"}}, "spec": map[string]any{"containers": container(nil)}},
	}})
}

func workloadRows() []row {
	const typ, pods, containers = kubernetes.TypeDeployment, "spec.template.spec", "spec.template.spec.containers"
	job := object("batch/v1", "Job", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"restartPolicy": "Never", "containers": container(nil),
	}}}})
	one := func(what string, change changes, says, source string) row {
		return row{what: what, typ: typ, right: deployment(), change: change, says: says, source: source}
	}
	field := func(name string, value any) changes {
		return changes{containers: container(map[string]any{name: value})}
	}
	return []row{
		one("a Deployment with a misspelt field", field("readynessProbe", map[string]any{}), `unknown field "spec.template.spec.containers[0].readynessProbe"`, strictFields),
		one("a field in the wrong case", changes{"spec.Replicas": 2}, `unknown field "spec.Replicas"`, strictFields),
		one("text where a number belongs", changes{"spec.replicas": "two"}, "strict decoding error", strictFields),
		one("an amount of memory that is not valid", field("resources", map[string]any{"limits": map[string]any{"memory": "a lot"}}), "quantities must match", quantityAPI),
		one("a selector of other pods", changes{"spec.selector.matchLabels": map[string]any{"app": "other"}}, "does not match template `labels`", deploymentAPI),
		one("a Deployment without a selector", changes{"spec.selector": nil}, "spec.selector: Required value", deploymentAPI),
		one("a Deployment whose pods end", changes{pods + ".restartPolicy": "Never"}, `Unsupported value: "Never"`, deploymentAPI),
		one("a rollout that can neither add nor remove a pod", changes{"spec.strategy.rollingUpdate": map[string]any{"maxSurge": 0, "maxUnavailable": 0}}, "may not be 0 when `maxSurge` is 0", deploymentAPI),
		one("a negative number of replicas", changes{"spec.replicas": -1}, "must be greater than or equal to 0", deploymentAPI),
		one("pods without a container", changes{containers: []any{}}, "containers: Required value", podAPI),
		one("a container without a name", field("name", ""), "containers[0].name: Invalid value", podAPI),
		one("a port over 65535", field("ports", []any{map[string]any{"containerPort": 70000}}), "must be between 1 and 65535", podAPI),
		one("an environment variable with a space", field("env", []any{map[string]any{"name": "A B"}}), "env[0].name: Invalid value", podAPI),
		{
			what: "two containers of one name", typ: typ, right: deployment(), change: changes{containers: append(container(nil), container(nil)...)},
			says: "Duplicate value", source: podAPI,
		},
		{
			what: "a Job that never ends", typ: kubernetes.TypeJob, right: job, change: changes{pods + ".restartPolicy": nil},
			says: "Unsupported value", source: jobAPI,
		},
		{
			what: "an object in a namespace that does not exist", typ: typ, right: deployment(), when: onCreate,
			lacking: []made{namespace()}, says: `namespaces "app" not found`, source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
		},
		{
			what: "an object of a name in use", typ: typ, right: with(deployment(), changes{"metadata.name": "other"}), when: onCreate,
			given: []made{namespace(), {typ, "first", deployment()}}, change: changes{"metadata.name": "api"}, says: "already exists", source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
		},
	}
}

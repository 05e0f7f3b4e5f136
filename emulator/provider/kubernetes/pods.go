package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// checkTemplate checks the pods of a workload.
func checkTemplate(template corev1.PodTemplateSpec, restart ...corev1.RestartPolicy) []provider.Failure {
	const at = "spec.template.spec"
	var failures []provider.Failure
	refuse := func(path, format string, values ...any) {
		failures = append(failures, provider.Refuse(path, path+": "+format, values...))
	}
	if len(template.Spec.Containers) == 0 {
		refuse(at+".containers", "Required value")
	}
	allowed := template.Spec.RestartPolicy == "" && restart[0] == corev1.RestartPolicyAlways
	for _, policy := range restart {
		allowed = allowed || template.Spec.RestartPolicy == policy
	}
	if !allowed {
		refuse(at+".restartPolicy", "Unsupported value: %q: supported values: %q", template.Spec.RestartPolicy, restart)
	}
	seen := map[string]bool{}
	for i, container := range template.Spec.Containers {
		path := fmt.Sprintf("%s.containers[%d]", at, i)
		for _, problem := range validation.IsDNS1123Label(container.Name) {
			refuse(path+".name", "Invalid value: %q: %s", container.Name, problem)
		}
		if seen[container.Name] {
			refuse(path+".name", "Duplicate value: %q", container.Name)
		}
		seen[container.Name] = true
		for j, port := range container.Ports {
			if port.ContainerPort < 0 || port.ContainerPort > 65535 {
				refuse(fmt.Sprintf("%s.ports[%d].containerPort", path, j), "Invalid value: %d: must be between 1 and 65535, inclusive", port.ContainerPort)
			}
			if port.Name != "" {
				for _, problem := range validation.IsValidPortName(port.Name) {
					refuse(fmt.Sprintf("%s.ports[%d].name", path, j), "Invalid value: %q: %s", port.Name, problem)
				}
			}
		}
		for j, variable := range container.Env {
			for _, problem := range validation.IsEnvVarName(variable.Name) {
				refuse(fmt.Sprintf("%s.env[%d].name", path, j), "Invalid value: %q: %s", variable.Name, problem)
			}
			if variable.Value != "" && variable.ValueFrom != nil {
				refuse(fmt.Sprintf("%s.env[%d].valueFrom", path, j), "Invalid value: may not be specified when `value` is not empty")
			}
		}
	}
	return failures
}

// checkSelector makes sure that a workload selects its own pods.
func checkSelector(selector *metav1.LabelSelector, template corev1.PodTemplateSpec) []provider.Failure {
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return []provider.Failure{provider.Refuse("spec.selector", "spec.selector: Required value")}
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return []provider.Failure{provider.Refuse("spec.selector", "spec.selector: Invalid value: %v", err)}
	}
	if !parsed.Matches(labels.Set(template.Labels)) {
		return []provider.Failure{provider.Refuse("spec.template.metadata.labels", "spec.template.metadata.labels: Invalid value: %v: `selector` does not match template `labels`", template.Labels)}
	}
	return nil
}

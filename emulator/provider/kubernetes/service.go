package kubernetes

import (
	"fmt"
	"hash/fnv"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// assignClusterIP gives a Service an address of the cluster's range for
// Services, which follows from its name.
func (w *Cluster) assignClusterIP(d *provider.Draft) {
	spec := maps.Clone(map[string]any(provider.Properties(d.Outputs).Object("spec")))
	if spec == nil {
		spec = map[string]any{}
	}
	if spec["clusterIP"] == nil {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(d.Inputs.Text("metadata.namespace") + "/" + d.Inputs.Text("metadata.name"))) // never fails
		sum := hash.Sum32()
		spec["clusterIP"] = fmt.Sprintf("34.118.%d.%d", 224+sum%16, 1+sum/16%254)
	}
	spec["clusterIPs"] = []any{spec["clusterIP"]}
	if spec["type"] == nil {
		spec["type"] = "ClusterIP"
	}
	d.Outputs["spec"] = spec
}

func checkService(object any) []provider.Failure {
	service, ok := object.(*corev1.Service)
	if !ok || service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	var failures []provider.Failure
	if len(service.Spec.Ports) == 0 {
		failures = append(failures, provider.Refuse("spec.ports", "spec.ports: Required value"))
	}
	for i, port := range service.Spec.Ports {
		// 0 is a number that is not known yet.
		if port.Port < 0 || port.Port > 65535 {
			failures = append(failures, provider.Refuse(fmt.Sprintf("spec.ports[%d].port", i), "spec.ports[%d].port: Invalid value: %d: must be between 1 and 65535, inclusive", i, port.Port))
		}
		if len(service.Spec.Ports) > 1 && port.Name == "" {
			failures = append(failures, provider.Refuse(fmt.Sprintf("spec.ports[%d].name", i), "spec.ports[%d].name: Required value", i))
		}
	}
	for key, value := range service.Spec.Selector {
		for _, problem := range append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...) {
			failures = append(failures, provider.Refuse("spec.selector", "spec.selector: Invalid value: %q: %s", key+"="+value, problem))
		}
	}
	return failures
}

package ingresscontroller

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// probed is the health check that ingress-gce infers from the pods: the HTTP
// readiness probe of the container port that is served, when it asks that same
// port and has no host of its own
// (https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#interpreted_hc).
func (t *translation) probed(to target) loadbalancer.HealthCheck {
	for _, id := range slices.Sorted(maps.Keys(t.declaredResources.deployments)) {
		d := t.declaredResources.deployments[id]
		if d.Namespace != to.namespace || len(to.selector) == 0 ||
			!labels.SelectorFromSet(to.selector).Matches(labels.Set(d.Spec.Template.Labels)) {
			continue
		}
		if probe := readiness(d, to.port); probe != nil {
			return loadbalancer.HealthCheck{
				Path:     probe.HTTPGet.Path,
				Interval: seconds(int64(probe.PeriodSeconds)),
				Timeout:  seconds(int64(probe.TimeoutSeconds)),
			}
		}
	}
	return loadbalancer.HealthCheck{}
}

func readiness(d appsv1.Deployment, port intstr.IntOrString) *corev1.Probe {
	for _, c := range d.Spec.Template.Spec.Containers {
		probe := c.ReadinessProbe
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Host != "" || len(probe.HTTPGet.HTTPHeaders) > 0 {
			continue
		}
		for _, p := range c.Ports {
			if names(port, p) && names(probe.HTTPGet.Port, p) {
				return probe
			}
		}
	}
	return nil
}

func names(reference intstr.IntOrString, port corev1.ContainerPort) bool {
	if reference.Type == intstr.String {
		return reference.StrVal == port.Name
	}
	return reference.IntVal == port.ContainerPort
}

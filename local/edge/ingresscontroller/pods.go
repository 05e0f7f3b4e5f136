package ingresscontroller

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Pod has the properties of a pod that the load balancer needs.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
	IP        netip.Addr
	// Ports are the named container ports.
	Ports map[string]int32
	// Ready is false for a pod that is being stopped, too.
	Ready bool
}

// Pods lists the pods that exist now.
type Pods interface {
	Pods() []Pod
}

// PodsFunc is a function as Pods.
type PodsFunc func() []Pod

// Pods calls the function.
func (f PodsFunc) Pods() []Pod { return f() }

// target is where a backend's endpoints come from: the Service's selector and
// target port. It stays with the last good configuration when the Service goes.
type target struct {
	namespace string
	selector  map[string]string
	port      intstr.IntOrString
}

func targetOf(s corev1.Service, port corev1.ServicePort) target {
	to := port.TargetPort
	if to == (intstr.IntOrString{}) {
		to = intstr.FromInt32(port.Port)
	}
	return target{namespace: s.Namespace, selector: s.Spec.Selector, port: to}
}

// endpoints are the addresses of the target's ready pods, sorted. A Service
// without selector has none: it selects nothing.
func (t target) endpoints(pods []Pod) []netip.AddrPort {
	if len(t.selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(t.selector)
	var found []netip.AddrPort
	for _, p := range pods {
		if p.Namespace != t.namespace || !p.Ready || !p.IP.IsValid() || !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		port := t.port.IntVal
		if t.port.Type == intstr.String {
			port = p.Ports[t.port.StrVal]
		}
		if port > 0 && port <= 65535 {
			found = append(found, netip.AddrPortFrom(p.IP, uint16(port)))
		}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found)
}

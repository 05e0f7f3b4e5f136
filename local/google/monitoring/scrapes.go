package monitoring

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Pod is a pod that may be scraped.
type Pod struct {
	Namespace, Name string
	Labels          map[string]string
	IP              netip.Addr
	// Ports are its containers' ports by name.
	Ports map[string]int32
	// Runs says that its processes have been started and have not ended.
	Runs bool
}

// podMonitoring is what is read of the custom resource.
// https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/doc/api.md#podmonitoring
type podMonitoring struct {
	Metadata struct {
		Name, Namespace string
	}
	Spec struct {
		Selector  metav1.LabelSelector
		Endpoints []struct {
			Port     any
			Path     string
			Interval string
		}
	}
}

// place is where the pods are, as managed Prometheus labels their series.
type place struct{ project, location, cluster string }

// scrapesOf lists the scrape configurations of the PodMonitoring objects, with the
// running pods.
func scrapesOf(declared []store.Resource, pods []Pod, at place) (all []scrape, problems []string) {
	for _, r := range declared {
		var m podMonitoring
		if err := decode(r, &m); err != nil {
			problems = append(problems, err.Error())
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
		if err != nil {
			problems = append(problems, fmt.Sprintf("the PodMonitoring %s: %v", r.ID, err))
			continue
		}
		for _, e := range m.Spec.Endpoints {
			s := scrape{name: jobName(m.Metadata.Namespace, m.Metadata.Name, fmt.Sprint(e.Port)), path: e.Path, interval: duration(e.Interval)}
			if s.path == "" {
				s.path = "/metrics"
			}
			if s.interval <= 0 {
				s.interval = defaultInterval
			}
			s.targets = targets(m, fmt.Sprint(e.Port), selector, pods, at)
			all = append(all, s)
		}
	}
	return all, problems
}

// targets are the pods with the port, labelled as managed Prometheus does
// (https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed#reserved-labels).
func targets(m podMonitoring, port string, selector labels.Selector, pods []Pod, at place) (found []target) {
	for _, p := range pods {
		number, has := p.Ports[port]
		if !has || !p.Runs || !p.IP.IsValid() || p.Namespace != m.Metadata.Namespace || !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		found = append(found, target{
			address: netip.AddrPortFrom(p.IP, uint16(number)),
			labels: map[string]string{
				"project_id": at.project, "location": at.location, "cluster": at.cluster,
				"namespace": p.Namespace, "job": m.Metadata.Name, "instance": p.Name + ":" + port, "pod": p.Name,
			},
		})
	}
	slices.SortFunc(found, func(a, b target) int { return strings.Compare(a.labels["instance"], b.labels["instance"]) })
	return found
}

func decode(r store.Resource, into any) error {
	text, err := json.Marshal(r.Inputs)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s %s cannot be read: %w", r.Type, r.ID, err)
	}
	return nil
}

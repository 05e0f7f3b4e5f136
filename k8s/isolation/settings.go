package isolation

import (
	"maps"
	"regexp"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says how pods are kept apart.
type Settings struct {
	// Dataplane enforces the policies: "dataplaneV2" or "calico". It decides
	// where the pods reach GKE's metadata server.
	Dataplane string `json:"dataplane"`
	// DenyNamespace denies every pod of the namespace everything that is not
	// allowed, instead of the license platform's own pods only. It always holds in
	// a namespace of our own.
	DenyNamespace bool `json:"denyNamespace,omitempty"`
	// StayingWorkloads are the workloads of a shared namespace that keep all their
	// connections; needed with DenyNamespace.
	StayingWorkloads []StayingWorkload `json:"stayingWorkloads,omitempty"`
	// MetricsNamespace is where managed Prometheus runs: "gmp-system" (default),
	// on Autopilot "gke-gmp-system"
	// (https://cloud.google.com/stackdriver/docs/managed-prometheus/troubleshooting).
	MetricsNamespace string `json:"metricsNamespace,omitempty"`
}

// StayingWorkload is a workload in the shared namespace that is not the platform's.
type StayingWorkload struct {
	// Name is unique among them, a DNS label.
	Name string `json:"name"`
	// PodLabels select its pods.
	PodLabels map[string]string `json:"podLabels"`
}

// The dataplanes of GKE.
const (
	DataplaneV2 = "dataplaneV2"
	Calico      = "calico"
)

// Where managed Prometheus runs: on a cluster with nodes of our own, and on Autopilot.
const (
	gmpSystem = "gmp-system"
	// AutopilotMetrics is the MetricsNamespace of a cluster of GKE Autopilot.
	AutopilotMetrics = "gke-gmp-system"
)

// Validate lists every mistake, with keys below "kubernetes.networkPolicies".
// ownNamespace tells whether the namespace is the stack's.
func (s Settings) Validate(ownNamespace bool) setting.Problems {
	var ps setting.Problems
	setting.OneOf(&ps, "dataplane", s.Dataplane, DataplaneV2, Calico)
	if known := []string{gmpSystem, AutopilotMetrics}; !slices.Contains(known, s.ScrapedFrom()) {
		ps.Add("metricsNamespace", s.MetricsNamespace, "is not where GKE runs managed Prometheus", "gmp-system, or gke-gmp-system on Autopilot")
	}
	if ownNamespace && len(s.StayingWorkloads) > 0 {
		ps.Add("stayingWorkloads", len(s.StayingWorkloads), "a namespace that the stack creates has no other workloads", "nothing, or kubernetes.namespace.create: false")
	}
	if !ownNamespace && s.DenyNamespace && len(s.StayingWorkloads) == 0 {
		ps.Add("denyNamespace", true, "it would cut off the workloads that share the namespace",
			"false, or every such workload listed in kubernetes.networkPolicies.stayingWorkloads")
	}
	seen := map[string]bool{}
	for i, w := range s.StayingWorkloads {
		key := "stayingWorkloads[" + strconv.Itoa(i) + "]"
		if !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$`).MatchString(w.Name) || seen[w.Name] {
			ps.Add(key+".name", w.Name, "is not a valid name or is taken", "lower-case letters, digits and hyphens, unique")
		}
		seen[w.Name] = true
		if len(w.PodLabels) == 0 {
			ps.Add(key+".podLabels", "{}", "no label would select every pod, the license API's too", "one label or more")
		}
		ps = append(ps, checkLabels(w.PodLabels).Within(key+".podLabels")...)
	}
	return ps
}

// checkLabels refuses labels that no pod can have, as the API server does
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
func checkLabels(labels map[string]string) (ps setting.Problems) {
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		value := labels[label]
		if len(validation.IsQualifiedName(label)) > 0 {
			ps.Add(label, value, "is not a valid key of a label", "1 to 63 letters, digits, -, _ and ., the first and the last no sign; a domain and a slash may stand before it")
		}
		if len(validation.IsValidLabelValue(value)) > 0 {
			ps.Add(label, value, "is not a valid value of a label", "at most 63 letters, digits, -, _ and ., the first and the last no sign")
		}
	}
	return ps
}

// ScrapedFrom is MetricsNamespace or its default.
func (s Settings) ScrapedFrom() string {
	if s.MetricsNamespace == "" {
		return gmpSystem
	}
	return s.MetricsNamespace
}

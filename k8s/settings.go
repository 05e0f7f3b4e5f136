// Package k8s composes the settings of the cluster and of everything in it: the
// cluster, the namespace, the NetworkPolicies and the Ingress. Each has a package
// of its own below this one.
package k8s

import (
	"github.com/coditect-ai/license-platform/k8s/cluster"
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/k8s/namespace"
	"github.com/coditect-ai/license-platform/setting"
)

// Settings are the stack's "kubernetes" settings.
type Settings struct {
	Cluster         cluster.Settings   `json:"cluster"`
	Namespace       namespace.Settings `json:"namespace"`
	NetworkPolicies isolation.Settings `json:"networkPolicies"`
	Ingress         ingress.Settings   `json:"ingress"`
}

// Validate lists every mistake, with keys below "kubernetes". licenseSubdomain is
// reserved: no route may use it.
func (s Settings) Validate(licenseSubdomain string) setting.Problems {
	ps := s.Cluster.Validate().Within("cluster")
	ps = append(ps, s.Namespace.Validate().Within("namespace")...)
	ps = append(ps, s.NetworkPolicies.Validate(s.Namespace.Create).Within("networkPolicies")...)
	ps = append(ps, s.Ingress.Validate(s.Namespace.Create, licenseSubdomain).Within("ingress")...)
	// A new cluster has nothing that could be adopted.
	if !s.Cluster.Adopt && !s.Namespace.Create {
		ps.Add("namespace.create", false, "a new cluster has no such namespace", "true, or kubernetes.cluster.adopt: true")
	}
	if !s.Cluster.Adopt && s.NetworkPolicies.Dataplane == isolation.Calico {
		ps.Add("networkPolicies.dataplane", s.NetworkPolicies.Dataplane, "the created cluster has Dataplane V2", isolation.DataplaneV2)
	}
	return ps
}

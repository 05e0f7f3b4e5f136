package kubelet

import "fmt"

// The files that a kubelet makes for every container
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/,
// "ClusterFirst").
func (p *pod) files() map[string]string {
	return map[string]string{
		"/etc/hostname": p.key.name + "\n",
		"/etc/hosts":    hosts(p.key.name, p.address.String(), p.template.Spec.HostAliases),
		"/etc/resolv.conf": fmt.Sprintf("search %s.svc.cluster.local svc.cluster.local cluster.local\nnameserver %s\noptions ndots:5\n",
			p.key.namespace, p.kubelet.config.Resolver),
	}
}

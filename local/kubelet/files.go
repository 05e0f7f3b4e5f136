package kubelet

import "fmt"

// The files that a kubelet makes for every container
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/,
// "ClusterFirst").
func (p *pod) files() map[string]string {
	return map[string]string{
		"/etc/hostname": p.key.name + "\n",
		"/etc/hosts": fmt.Sprintf("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s\t%s\n",
			p.address, p.key.name),
		"/etc/resolv.conf": fmt.Sprintf("search %s.svc.cluster.local svc.cluster.local cluster.local\nnameserver %s\noptions ndots:5\n",
			p.key.namespace, p.kubelet.config.Resolver),
	}
}

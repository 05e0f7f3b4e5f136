package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// hosts is the content of a pod's /etc/hosts: itself, and its host aliases
// (https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/).
func hosts(name, address string, aliases []corev1.HostAlias) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s\t%s\n", address, name)
	if len(aliases) > 0 {
		text.WriteString("\n# Entries added by HostAliases.\n")
	}
	for _, alias := range aliases {
		fmt.Fprintf(&text, "%s\t%s\n", alias.IP, strings.Join(alias.Hostnames, "\t"))
	}
	return text.String()
}

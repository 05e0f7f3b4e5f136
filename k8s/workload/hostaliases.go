package workload

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hostAliases lead the pod alone to the addresses, by its /etc/hosts. A name at
// several addresses is one that a Go program tries one after the other
// (https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/).
func hostAliases(addresses, names []string) corev1.HostAliasArray {
	var aliases corev1.HostAliasArray
	for _, address := range addresses {
		aliases = append(aliases, corev1.HostAliasArgs{Ip: pulumi.String(address), Hostnames: pulumi.ToStringArray(names)})
	}
	return aliases
}

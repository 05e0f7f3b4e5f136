package cluster

import (
	"fmt"
	"net/netip"
)

// dnsHostNumber is the host number of the Service kube-dns in the range for Services: GKE
// gives it the tenth address of every cluster
// (https://github.com/kubernetes/kubernetes/blob/v1.30.0/cluster/gce/config-default.sh, DNS_SERVER_IP).
const dnsHostNumber = 10

// dnsAddress is the address that pods send their questions for names to, in a
// cluster with this range for Services.
func dnsAddress(services string) (string, error) {
	prefix, err := netip.ParsePrefix(services)
	if err != nil || !prefix.Addr().Is4() {
		return "", fmt.Errorf("the cluster's range for Services is %q, in which no address of kube-dns can be found", services)
	}
	at := prefix.Masked().Addr()
	for range dnsHostNumber {
		at = at.Next()
	}
	if !prefix.Contains(at) {
		return "", fmt.Errorf("the cluster's range for Services %s is too narrow for kube-dns", services)
	}
	return at.String(), nil
}

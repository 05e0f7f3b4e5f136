package gcp

import (
	"fmt"
	"net/netip"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/setting/iprange"
)

// maxAuthorizedNetworks is how many networks may reach a control plane with private nodes
// (https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks#limitations).
const maxAuthorizedNetworks = 100

// checkControlPlane refuses what GKE does of the control plane's own range
// (https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#restrictions) and of
// the networks that may reach it, in the words of
// https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/153.
func checkControlPlane(d *provider.Draft) []provider.Failure {
	var failures []provider.Failure
	const block = "privateClusterConfig.masterIpv4CidrBlock"
	if parsed, err := netip.ParsePrefix(d.Inputs.Text(block)); err == nil && parsed.Overlaps(netip.MustParsePrefix(iprange.Docker)) {
		failures = append(failures, provider.Refuse(block, "Error 400: Invalid value for field PrivateClusterConfig.MasterIpv4CidrBlock: %s. It must not overlap with %s", parsed, iprange.Docker))
	}
	const blocks = "masterAuthorizedNetworksConfig.cidrBlocks"
	networks := d.Inputs.List(blocks)
	if len(networks) > maxAuthorizedNetworks {
		failures = append(failures, provider.Refuse(blocks, "Error 400: Too many authorized networks: %d. The limit is %d", len(networks), maxAuthorizedNetworks))
	}
	if !d.Inputs.True("privateClusterConfig.enablePrivateEndpoint") {
		return failures
	}
	for i, item := range networks {
		network, _ := item.(map[string]any)
		text := provider.Properties(network).Text("cidrBlock")
		if parsed, err := netip.ParsePrefix(text); err == nil && !iprange.IsPrivate(parsed) {
			failures = append(failures, provider.Refuse(fmt.Sprintf("%s[%d].cidrBlock", blocks, i),
				"Error 400: Invalid master authorized networks: network %q is not a reserved network, which is required for private endpoints", text))
		}
	}
	return failures
}

// checkClusterRanges refuses secondary ranges that are wider than GKE's own bounds
// (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing).
func (w *Cloud) checkClusterRanges(d *provider.Draft) error {
	subnet, there := w.Store.Get(TypeSubnetwork, relative(d.Inputs.Text("subnetwork")))
	if !there {
		return nil
	}
	ranges := secondaryRanges(subnet.Outputs)
	for _, bound := range []struct {
		field  string
		widest int
	}{
		{"clusterSecondaryRangeName", 9},
		{"servicesSecondaryRangeName", 16},
	} {
		name := d.Inputs.Text("ipAllocationPolicy." + bound.field)
		if parsed, err := netip.ParsePrefix(ranges[name]); err == nil && parsed.Bits() < bound.widest {
			return apiError(400, "Invalid value for field IpAllocationPolicy.%s: %s (%s). The range can be a /%d at most", bound.field, name, parsed, bound.widest)
		}
	}
	return nil
}

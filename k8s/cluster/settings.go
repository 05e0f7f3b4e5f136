package cluster

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/iprange"
	"github.com/coditect-ai/license-platform/setting/machine"
)

// Settings says which GKE cluster the API runs in: an existing one, adopted by
// name and never changed, or a hardened one that the stack creates.
type Settings struct {
	// Adopt is true when the cluster exists; then only Name and Location count.
	Adopt bool `json:"adopt"`
	// Name of the cluster, up to 40 characters.
	Name string `json:"name"`
	// Location is the cluster's region, or its zone; a created cluster is
	// regional. Default the platform's region.
	Location string `json:"location,omitempty"`
	// ControlPlaneRange is the /28 of a created cluster's control plane.
	ControlPlaneRange string `json:"controlPlaneRange,omitempty"`
	// ConnectGateway lets Pulumi reach the control plane through the fleet that the
	// cluster is a member of: over Google's own address, with the caller's rights, from
	// any network. A created cluster joins the project's fleet; an adopted one has to
	// be in a fleet already.
	// https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway
	ConnectGateway bool `json:"connectGateway,omitempty"`
	// KeepImagePolicy leaves the project's Binary Authorization policy as it is. A
	// project has one: a created cluster's stack overwrites it, and a destroy resets
	// it to Google's default, which admits every image. True where other clusters of
	// the project have a policy.
	KeepImagePolicy bool `json:"keepImagePolicy,omitempty"`
	// PrivateEndpoint leaves a created control plane without a public address; then
	// Pulumi has to run inside the VPC, or to use ConnectGateway.
	PrivateEndpoint bool `json:"privateEndpoint,omitempty"`
	// AuthorizedNetworks are the only networks that may reach the control plane, at most
	// 100; with PrivateEndpoint private ones only.
	AuthorizedNetworks []AuthorizedNetwork `json:"authorizedNetworks,omitempty"`
	// ReleaseChannel is RAPID, REGULAR (default) or STABLE.
	ReleaseChannel string `json:"releaseChannel,omitempty"`
	// MachineType of the nodes, for example "e2-standard-4".
	MachineType string `json:"machineType,omitempty"`
	// MinNodes and MaxNodes bound the autoscaler, counted per zone, up to 1000.
	// https://cloud.google.com/kubernetes-engine/quotas#limits_per_cluster
	MinNodes int `json:"minNodes,omitempty"`
	MaxNodes int `json:"maxNodes,omitempty"`
	// DiskGB is the size of a node's boot disk in GB, 20 to 65536.
	DiskGB int `json:"diskGb,omitempty"`
	// DeletionProtection makes Google and Pulumi refuse to delete a created
	// cluster. Default true.
	DeletionProtection *bool `json:"deletionProtection,omitempty"`
}

// Protected says whether a created cluster is guarded from deletion.
func (s Settings) Protected() bool {
	return s.DeletionProtection == nil || *s.DeletionProtection
}

// AuthorizedNetwork may reach the control plane.
type AuthorizedNetwork struct {
	// Name is shown in the console: at most 100 characters on one line.
	Name string `json:"name"`
	// CIDR is an IPv4 network.
	CIDR string `json:"cidr"`
}

// Validate lists every mistake, with keys below "kubernetes.cluster".
func (s Settings) Validate() setting.Problems {
	var ps setting.Problems
	// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#Cluster
	if !regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`).MatchString(s.Name) {
		ps.Add("name", s.Name, "is not a valid cluster name", "1 to 40 lower-case letters, digits and hyphens, first a letter, last no hyphen")
	}
	if s.Adopt {
		return append(ps, s.validateAdopted()...)
	}
	if prefix, err := netip.ParsePrefix(s.ControlPlaneRange); err != nil || !prefix.Addr().IsPrivate() || !prefix.Addr().Is4() || prefix.Bits() != 28 || prefix != prefix.Masked() {
		ps.Add("controlPlaneRange", s.ControlPlaneRange, "is not a valid range for a control plane", "a private IPv4 /28")
	} else if prefix.Overlaps(netip.MustParsePrefix(iprange.Docker)) {
		ps.Add("controlPlaneRange", s.ControlPlaneRange, "shares addresses with "+iprange.Docker+", which Docker uses on every node", "another private IPv4 /28")
	}
	if len(s.AuthorizedNetworks) == 0 && !s.PrivateEndpoint && !s.ConnectGateway {
		ps.Add("authorizedNetworks", "[]", "nobody, Pulumi included, could reach the control plane",
			"the networks that Pulumi runs in, privateEndpoint: true or connectGateway: true")
	}
	if len(s.AuthorizedNetworks) > maxAuthorizedNetworks {
		ps.Add("authorizedNetworks", len(s.AuthorizedNetworks), "are too many networks", fmt.Sprintf("at most %d; a wider one replaces several", maxAuthorizedNetworks))
	}
	for i, network := range s.AuthorizedNetworks {
		prefix, err := netip.ParsePrefix(network.CIDR)
		if err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked() || prefix.Bits() == 0 {
			ps.Add("authorizedNetworks["+strconv.Itoa(i)+"].cidr", network.CIDR, "is not a valid network, or is the whole internet", "an IPv4 network narrower than /0")
		} else if s.PrivateEndpoint && !iprange.IsPrivate(prefix) {
			// "is not a reserved network, which is required for private endpoints"
			// (https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/153)
			ps.Add("authorizedNetworks["+strconv.Itoa(i)+"].cidr", network.CIDR, "is public, and with privateEndpoint the control plane has no public address",
				iprange.Hint+", or privateEndpoint: false")
		}
		if utf8.RuneCountInString(network.Name) > 100 || strings.ContainsFunc(network.Name, unicode.IsControl) {
			ps.Add("authorizedNetworks["+strconv.Itoa(i)+"].name", network.Name, "is not a valid display name", "at most 100 characters on one line")
		}
	}
	setting.OneOf(&ps, "releaseChannel", s.channel(), "RAPID", "REGULAR", "STABLE")
	// https://cloud.google.com/compute/docs/machine-resource#machine_type_comparison
	if !machine.IsName(s.MachineType) {
		ps.Add("machineType", s.MachineType, "is not a valid machine type", "a machine type of Compute Engine, such as e2-standard-4")
	}
	switch {
	case s.MinNodes < 1 || s.MinNodes > maxNodesPerZone:
		ps.Add("minNodes", s.MinNodes, "is out of range", fmt.Sprintf("1 to %d, per zone", maxNodesPerZone))
	case s.MaxNodes < s.MinNodes || s.MaxNodes > maxNodesPerZone:
		ps.Add("maxNodes", s.MaxNodes, "is out of range", fmt.Sprintf("%d, which is minNodes, to %d, per zone", s.MinNodes, maxNodesPerZone))
	}
	if s.DiskGB < 20 || s.DiskGB > 65536 {
		ps.Add("diskGb", s.DiskGB, "is out of range for a node", "20 to 65536")
	}
	return ps
}

// maxAuthorizedNetworks is GKE's bound for a cluster with private nodes
// (https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks#limitations).
const maxAuthorizedNetworks = 100

// maxNodesPerZone is how many nodes a pool may have in a zone.
const maxNodesPerZone = 1000

// validateAdopted refuses what would be silently ignored: all but what counts for a
// cluster that exists.
func (s Settings) validateAdopted() (ps setting.Problems) {
	values := reflect.ValueOf(s)
	for i := range values.NumField() {
		key, _, _ := strings.Cut(values.Type().Field(i).Tag.Get("json"), ",")
		if value := values.Field(i); !value.IsZero() && !slices.Contains([]string{"adopt", "name", "location", "connectGateway"}, key) {
			ps.Add(key, reflect.Indirect(value).Interface(), "an adopted cluster is never changed", "name, location and connectGateway only, or adopt: false")
		}
	}
	return ps
}

func (s Settings) channel() string {
	if s.ReleaseChannel == "" {
		return "REGULAR"
	}
	return s.ReleaseChannel
}

package stack

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/observe"
	"github.com/coditect-ai/license-platform/observe/objective"
	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/domain"
)

// validateAcrossLayers lists the mistakes that show only when the settings of several
// layers are compared.
func (s Settings) validateAcrossLayers() (ps setting.Problems) {
	ps = append(ps, s.validateCluster()...)
	ps = append(ps, s.validateLoopback()...)
	ps = append(ps, s.validateDatabase()...)
	ps = append(ps, s.validateHosts()...)
	ps = append(ps, s.validateTenants()...)
	ps = append(ps, s.Armor.ValidateSeats(s.seats()).Within("armor")...)
	return append(ps, s.validateMonitoring()...)
}

// seats are the numbers of the declared licences that the Cloud Armor policy needs. A
// device sends a heartbeat each third of the lease time.
func (s Settings) seats() (known policy.Seats) {
	for _, tenant := range s.Identity.Tenants {
		sum := 0
		for _, license := range tenant.Licenses {
			sum += license.Seats
			if license.LeaseSeconds > 0 && (known.LeaseSeconds == 0 || license.LeaseSeconds < known.LeaseSeconds) {
				known.LeaseSeconds = license.LeaseSeconds
			}
		}
		known.Most = max(known.Most, sum)
	}
	return known
}

// validateLoopback refuses a machine's own addresses for a network of Google Cloud; the
// embedded cloud, whose endpoints are given, has no others.
func (s Settings) validateLoopback() (ps setting.Problems) {
	if s.Endpoints.Given() {
		return nil
	}
	n := s.Network
	for _, r := range []struct{ key, value string }{
		{"nodesRange", n.NodesRange}, {"podsRange", n.PodsRange}, {"servicesRange", n.ServicesRange}, {"privateServicesRange", n.PrivateServicesRange},
	} {
		if prefix, err := netip.ParsePrefix(r.value); err == nil && prefix.Addr().IsLoopback() {
			ps.Add("network."+r.key, r.value, "are a machine's own addresses", "a range of private addresses, such as 10.0.0.0/20")
		}
	}
	return ps
}

// validateHosts compares routes that are named by their whole host with those that are
// named by a subdomain, the licenses' and the staff's included: the load balancer would
// combine the paths of two rules for one host.
func (s Settings) validateHosts() (ps setting.Problems) {
	bySubdomain := map[string]string{s.Platform.LicenseHost(): "the license API"}
	if staff := s.staffHost(); staff != "" {
		bySubdomain[staff] = "the staff"
		if len(staff) > domain.Longest {
			ps.Add("kubernetes.ingress.staff.subdomain", s.Kubernetes.Ingress.Staff.Below(),
				fmt.Sprintf("makes %s, of %d characters, which is too long for a certificate of Google's", staff, len(staff)), fmt.Sprintf("a host of at most %d characters", domain.Longest))
		}
	}
	for _, route := range s.Kubernetes.Ingress.Routes {
		if route.Host == "" {
			bySubdomain[strings.TrimPrefix(route.Subdomain+"."+s.Platform.Domain, ".")] = "another route"
		}
	}
	for i, route := range s.Kubernetes.Ingress.Routes {
		if owner, taken := bySubdomain[route.Host]; taken && route.Host != "" {
			ps.Add(fmt.Sprintf("kubernetes.ingress.routes[%d].host", i), route.Host, "is the host of "+owner, "a host that is not used otherwise")
		}
	}
	return ps
}

// validateMonitoring checks that Cloud Armor admits the uptime check's regions, and
// that GKE keeps the backend's name, by which the objectives select their metrics.
func (s Settings) validateMonitoring() setting.Problems {
	ps := s.Observe.Uptime.ValidateRegions(s.Armor.Admits).Within("observe.uptime")
	if backend := s.backend(); !backend.KeepsName() {
		ps.Add("kubernetes.namespace.name", backend.Namespace, "is so long that GKE shortens the name of the load balancer's backend, and the objectives need that name",
			"at most 25 characters")
	}
	return ps
}

// validateChannels checks that an alert can notify all addresses and PagerDuty, too.
func (s Settings) validateChannels(found secrets) (ps setting.Problems) {
	if found.pagerDuty != nil && len(s.Observe.Emails) == observe.MaxChannels {
		ps.Add("observe.emails", len(s.Observe.Emails), "are with PagerDuty more than an alert notifies",
			fmt.Sprintf("at most %d; a group's address reaches all of its members", observe.MaxChannels-1))
	}
	return ps
}

// backend is what serves the license host behind the load balancer.
func (s Settings) backend() objective.Backend {
	return objective.Backend{Namespace: s.Kubernetes.Namespace.Name, Service: workload.APIName, Port: workload.ServicePort}
}

// validateCluster compares the cluster with the network, the region and the
// nodes' identity.
func (s Settings) validateCluster() (ps setting.Problems) {
	cluster, network := s.Kubernetes.Cluster, s.Network
	if location, region := s.clusterLocation(), s.Platform.Region; location != region && !isZoneOf(location, region) {
		ps.Add("kubernetes.cluster.location", location, "is outside of platform.region "+region+", where its subnet and keys are",
			"the region or one of its zones")
	}
	if !cluster.Adopt && s.clusterLocation() != s.Platform.Region {
		ps.Add("kubernetes.cluster.location", cluster.Location, "a created cluster is regional", s.Platform.Region)
	}
	if cluster.Adopt && !network.Adopt {
		ps.Add("network.adopt", false, "an adopted cluster is in an existing network", "true, and the network's name")
	}
	if !cluster.Adopt && network.Adopt && (network.PodsRangeName == "" || network.ServicesRangeName == "") {
		ps.Add("network.podsRangeName", network.PodsRangeName, "a new cluster in an adopted subnetwork needs its secondary ranges",
			"podsRangeName and servicesRangeName of the subnetwork")
	}
	if cluster.Adopt && s.Identity.NodeAccount == "" {
		ps.Add("identity.nodeAccount", "", "the nodes of an adopted cluster need the permission to pull the API's image",
			"the nodes' service account: gcloud container clusters describe "+cluster.Name+" --location="+s.clusterLocation()+" --project="+s.Platform.Project+
				" --format='value(nodePools[].config.serviceAccount)'")
	}
	if !cluster.Adopt && s.Identity.NodeAccount != "" {
		ps.Add("identity.nodeAccount", s.Identity.NodeAccount, "the nodes of a created cluster get their own account", "nothing")
	}
	ps = append(ps, s.validateNodes()...)
	ps = append(ps, s.validateMachine()...)
	return append(ps, s.validateControlPlaneRange()...)
}

// isZoneOf tells whether a location is a zone of a region: its name and a letter
// (https://cloud.google.com/compute/docs/regions-zones#identifying_a_region_or_zone).
func isZoneOf(location, region string) bool {
	letter, below := strings.CutPrefix(location, region+"-")
	return below && len(letter) == 1 && letter >= "a" && letter <= "z"
}

// validateControlPlaneRange keeps the control plane, which is peered with the
// network, apart from the network's own ranges.
func (s Settings) validateControlPlaneRange() (ps setting.Problems) {
	plane, err := netip.ParsePrefix(s.Kubernetes.Cluster.ControlPlaneRange)
	if err != nil {
		return ps // the cluster's own settings report it
	}
	n := s.Network
	for _, other := range []struct{ key, value string }{
		{"nodesRange", n.NodesRange}, {"podsRange", n.PodsRange}, {"servicesRange", n.ServicesRange}, {"privateServicesRange", n.PrivateServicesRange},
	} {
		if prefix, err := netip.ParsePrefix(other.value); err == nil && prefix.Overlaps(plane) {
			ps.Add("kubernetes.cluster.controlPlaneRange", plane.String(), "shares addresses with network."+other.key+" = "+other.value, "a separate /28")
		}
	}
	return ps
}

// validateDatabase compares the number of connections that the database takes with the
// number of pods.
func (s Settings) validateDatabase() (ps setting.Problems) {
	// A rolling update has one pod more. The migration, Cloud SQL itself and
	// administrators need some, too.
	const others = 10
	pods, most := s.API.Replicas.Max+1, s.Data.SQL.Connections()
	if need := pods*podConnections + others; most > 0 && need > most {
		ps.Add("api.replicas.max", s.API.Replicas.Max, fmt.Sprintf("%d pods with %d connections each need %d, but data.sql.tier %s takes %d",
			pods, podConnections, need, s.Data.SQL.Tier, most), fmt.Sprintf("at most %d, or a tier with more memory", (most-others)/podConnections-1))
	}
	return ps
}

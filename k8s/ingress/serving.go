package ingress

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/coditect-ai/license-platform/setting"
)

// maxCertificates is how many certificates a target proxy of an Ingress may have
// (https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs#limitations).
const maxCertificates = 15

// compareLife reports an Ingress that is about to go, or that GKE has not made a load
// balancer for: what is added to it would not be served.
func (a CheckArgs) compareLife(found live) (ps setting.Problems) {
	if since := found.metadata.DeletionTimestamp; since != nil && *since != "" {
		ps.Add(keyName, a.Settings.Name, "the live Ingress is being deleted since "+*since, "an Ingress that stays; `"+a.describe()+"` shows the finalizers that hold it")
	}
	balancer := found.status.LoadBalancer
	if !found.declared() && (balancer == nil || len(balancer.Ingress) == 0) {
		ps.Add(keyName, a.Settings.Name, "GKE has given the live Ingress no address, so it is not served: it is new, its address belongs to another Ingress, or its sync fails",
			"an Ingress that is served; `"+a.describe()+"` tells why it is not")
	}
	return ps
}

// describe is the command that shows the Ingress with its events.
func (a CheckArgs) describe() string {
	return "kubectl describe ingress " + a.Settings.Name + " --namespace " + a.Namespace
}

// compareOwnHost reports a host of the platform's that the live Ingress sends to a
// Service of somebody else's. What the platform has declared before is its license host; the
// staff's may be a new one.
func (a CheckArgs) compareOwnHost(found live, route Route) (ps setting.Problems) {
	if found.declared() && route.Host == a.LicenseHost {
		return nil
	}
	for i, line := range routeLines(route.Host, route.Paths) {
		if !slices.Contains(a.Services, route.Paths[i].Service) {
			ps.Add(keyName, line, "the live Ingress has a route for a host of the platform's, and it would be replaced", "an Ingress without the host "+route.Host+"; its owner takes it out")
		}
	}
	return ps
}

// compareCertificateCount reports an Ingress that has no place for the certificates that the
// platform adds. GKE lists all that are attached in one annotation, those of
// ManagedCertificates included (GoogleCloudPlatform/gke-managed-certs,
// pkg/controller/sync/sync.go). Where another writer has taken the platform's off the list,
// they are attached still.
func (a CheckArgs) compareCertificateCount(found live) (ps setting.Problems) {
	if found.declared() && !found.owns(annotationCertificates) {
		return nil
	}
	listed, added := split(found.metadata.Annotations[annotationCertificates]), 0
	for _, name := range a.Settings.ownCertificates() {
		if !slices.Contains(listed, name) {
			added++
		}
	}
	if attached := len(split(found.metadata.Annotations[annotationAttached])); added > 0 && attached+added > maxCertificates {
		ps.Add(keyName, a.Settings.Name, fmt.Sprintf("the live Ingress has %d certificates, and with %d more none of its changes would be taken", attached, added),
			strconv.Itoa(maxCertificates-added)+" certificates at most")
	}
	return ps
}

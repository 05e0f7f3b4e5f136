package objective

import "fmt"

// Backend is the backend of the load balancer that serves the license host. The
// load balancer is shared, and its metrics know no host: they know the backend
// service, whose name GKE makes from the Service's.
type Backend struct {
	// Namespace and Service name the Kubernetes Service, Port is its port.
	Namespace, Service string
	Port               int
}

// longestName is how long namespace, name and port may be together before GKE
// cuts them: 63 less the prefix, the cluster's id, a hash and the dashes.
// https://github.com/kubernetes/ingress-gce/blob/master/pkg/utils/namer/namer.go
const longestName = 38

// KeepsName says whether GKE puts the Service's whole name into the backend's name. A name that is cut
// cannot be told from its neighbours'.
func (b Backend) KeepsName() bool {
	return len(b.Namespace)+len(b.Service)+len(fmt.Sprint(b.Port)) <= longestName
}

// Pattern is a regular expression that the name of the backend service matches
// as a whole: the scheme's version, the cluster's id, the Service, a hash. The
// Service itself carries no group id, and neither does the name of another of the
// same beginning match.
func (b Backend) Pattern() string {
	return fmt.Sprintf("k8s1-[0-9a-f]+-%s-%s-%d-[0-9a-z]+", b.Namespace, b.Service, b.Port)
}

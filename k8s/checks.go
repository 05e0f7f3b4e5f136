package k8s

import (
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/namespace"
)

// ClusterChecks are the names of the checks that ask the cluster's API server. Where
// it cannot be reached, they have to be skipped.
func ClusterChecks() []string { return []string{namespace.CheckNamespace, ingress.CheckIngress} }

// Package kubernetes describes the Kubernetes objects that the embedded cloud's
// cluster takes: the built-in types, decoded as strictly as the API server does,
// and GKE's custom resources.
package kubernetes

import (
	"context"
	"net/netip"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/k8s/customresource"
)

// Cluster is what the kinds look at, and what makes them real.
type Cluster struct {
	Store   *store.Store
	Kubelet Kubelet
	// Schemas describe GKE's custom resources.
	Schemas *customresource.Schemas
	// Edge is the load balancer's address.
	Edge netip.Addr
	// AwaitIngress returns once the load balancer serves what is declared, or
	// says what stalls it. It may be nil.
	AwaitIngress func(ctx context.Context) error
	// OperatorAnswers tells whether the pods of managed Prometheus's operator answer
	// the webhook for its objects; nil: always.
	OperatorAnswers func() bool

	ended ended
}

// Kubelet runs Deployments and Jobs.
type Kubelet interface {
	ApplyDeployment(ctx context.Context, d *appsv1.Deployment) error
	WaitDeployment(ctx context.Context, namespace, name string) error
	DeleteDeployment(ctx context.Context, namespace, name string) error
	RunJob(ctx context.Context, j *batchv1.Job) error
	DeleteJob(ctx context.Context, namespace, name string) error
}

// waits is how long the real provider waits for an object unless the program says
// otherwise (https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/await/await.go).
const waits = 10 * time.Minute

// Kinds lists the objects that the cluster takes.
func (w *Cluster) Kinds() []provider.Kind {
	var kinds []provider.Kind
	for _, t := range builtIn() {
		kinds = append(kinds, w.kind(t))
	}
	for _, t := range customResources() {
		kinds = append(kinds, w.kind(t))
	}
	for i := range kinds {
		kinds[i].Waits = waits
		switch kinds[i].Type {
		case TypeDeployment:
			w.runDeployment(&kinds[i])
		case TypeJob:
			w.runJob(&kinds[i])
		case TypeAutoscaler:
			w.runAutoscaler(&kinds[i])
		case TypeIngress, TypeIngressPatch:
			w.serveIngress(&kinds[i])
		case TypePodMonitoring:
			w.admitMonitoring(&kinds[i])
		}
	}
	return kinds
}

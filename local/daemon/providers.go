package daemon

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/k8s/customresource"
	"github.com/coditect-ai/license-platform/local/google/identity"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
)

// providers makes the two providers over the services.
func (d *Daemon) providers(schemas *customresource.Schemas) {
	google := &gcp.Cloud{
		Store: d.store, Addresses: addresses(d.options.Plan), CA: d.authority.PEM(),
		TenantID: identity.TenantID, UsedBy: d.usedBy,
		AgentsExist: func() bool { return !d.faults.has(fault.Agents) }, GrantsKnown: func() bool { return !d.faults.has(fault.Grants) },
		MetricsKnown: func() bool { return !d.faults.has(fault.Metrics) },
		Databases:    d.databases, Caches: d.caches, Keys: &keys{service: d.kms}, Secrets: secrets{d.secrets},
		Images: d.registry, Tenants: tenants{d.issuer},
	}
	d.cluster = &kubernetes.Cluster{
		Store: d.store, Kubelet: d.kubelet, Schemas: schemas, Edge: d.options.Plan.Edge().Addr(), AwaitIngress: d.awaitIngress,
		OperatorAnswers: func() bool { return !d.faults.has(fault.Operator) },
	}
	program, _ := debug.ReadBuildInfo() // nil where it is not known
	d.gcp = provider.NewServer("gcp", toolchain.SDKVersion("gcp", program), d.store, google.Kinds(), google.Functions())
	d.kubernetes = provider.NewServer("kubernetes", toolchain.SDKVersion("kubernetes", program), d.store, d.cluster.Kinds(), nil)
	d.kubernetes.Reaching(func() provider.Reach {
		return provider.Reach{Gone: d.faults.has(fault.Cluster), Forget: d.forgets.Load()}
	})
}

// addresses are the addresses of this machine that resources get.
func addresses(plan address.Plan) gcp.Addresses {
	return gcp.Addresses{
		Edge: plan.Edge().Addr(), ControlPlane: plan.ControlPlane(), Pods: plan.Pods(),
		PrivateServices: plan.PrivateServices(), TheirPrivateServices: plan.TheirPrivateServices(),
	}
}

// ingressTimeout is how long the load balancer may take to serve an Ingress.
const ingressTimeout = time.Minute

// awaitIngress waits until the load balancer is synced.
func (d *Daemon) awaitIngress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ingressTimeout)
	defer cancel()
	for {
		status := d.balancer.Sync()
		if status.Synced {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the load balancer does not serve the Ingress: " + strings.Join(status.Problems, "; "))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

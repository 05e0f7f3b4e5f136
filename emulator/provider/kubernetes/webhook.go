package kubernetes

import (
	"context"
	"errors"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// errNoOperator is what the API server says when the webhook that has to admit an
// object is answered by nobody
// (https://github.com/GoogleCloudPlatform/prometheus-engine/issues/696).
//
//lint:ignore ST1005 the words are the API server's
var errNoOperator = errors.New(`Internal error occurred: failed calling webhook "validate.podmonitorings.gmp-operator.gmp-system.monitoring.googleapis.com": failed to call webhook: Post "https://gmp-operator.gmp-system.svc:443/validate/monitoring.googleapis.com/v1/podmonitorings?timeout=10s": no endpoints available for service "gmp-operator"`)

// admitMonitoring asks managed Prometheus's webhook, whose failurePolicy is Fail, before an object of
// its own is written. It is never called for a deletion, so a destroy needs no operator: the
// webhooks' rules are of CREATE and UPDATE only, and no object has a finalizer of it
// (https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/manifests/operator.yaml).
func (w *Cluster) admitMonitoring(kind *provider.Kind) {
	compute := kind.Compute
	kind.Compute = func(ctx context.Context, d *provider.Draft) error {
		if w.OperatorAnswers != nil && !w.OperatorAnswers() {
			return errNoOperator
		}
		return compute(ctx, d)
	}
}

package gcp

import (
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// inUse refuses to delete what the load balancer uses, as Compute Engine does
// (resourceInUseByAnotherResource); kind is the API's word for the type. The message is
// taken from public reports, such as
// https://github.com/kubernetes/ingress-gce/issues/1459.
func (w *Cloud) inUse(kind string, r store.Resource) error {
	if w.UsedBy == nil {
		return nil
	}
	if user := w.UsedBy(r.Type, provider.Properties(r.Outputs).Text("name")); user != "" {
		return apiError(400, "The %s resource '%s' is already being used by '%s', resourceInUseByAnotherResource", kind, r.ID, user)
	}
	return nil
}

package gcp

import (
	"context"
	"fmt"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeGlobalAddress is a static IP address, or a range that is reserved for
// private services access.
const TypeGlobalAddress = "gcp:compute/globalAddress:GlobalAddress"

func (w *Cloud) globalAddress() provider.Kind {
	return provider.Kind{
		Type: TypeGlobalAddress, NameProperty: "name", ID: global("addresses"),
		Free:     "an internal range is free, and so is an external address that a forwarding rule uses",
		Computed: []string{"address", "selfLink", "creationTimestamp", "labelFingerprint", "effectiveLabels", "pulumiLabels"},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "name", computeName)
			failures = append(failures, oneOf(d, "purpose", "VPC_PEERING", "PRIVATE_SERVICE_CONNECT")...)
			if d.Inputs.Text("purpose") == "VPC_PEERING" {
				if !d.Inputs.Has("network") {
					failures = append(failures, provider.Refuse("network", "Error 400: Invalid value for field 'resource.network': ''. A network is required for addresses with purpose VPC_PEERING"))
				}
				if length, given := d.Inputs.Number("prefixLength"); given && (length < 8 || length > 30) {
					failures = append(failures, provider.Refuse("prefixLength", "Error 400: Invalid value for field 'resource.prefixLength': '%v'. Must be between 8 and 30", length))
				}
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = computeLink + global("addresses")(d)
			if d.Inputs.Text("purpose") != "VPC_PEERING" {
				fallback(d, "address", w.Addresses.Edge.String())
				return nil
			}
			whole := w.Addresses.PrivateServices
			length, given := d.Inputs.Number("prefixLength")
			if !given {
				length = float64(whole.Bits())
			}
			if int(length) != whole.Bits() {
				return fmt.Errorf("the embedded cloud reserves %s for private services, so prefixLength has to be %d, not %v", whole, whole.Bits(), length)
			}
			fallback(d, "address", whole.Addr().String())
			d.Outputs["prefixLength"] = length
			return nil
		},
		Refusal: func(r store.Resource) error { return w.inUse("address", r) },
	}
}

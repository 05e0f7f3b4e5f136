package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeSSLPolicy says which TLS versions and ciphers a load balancer takes.
const TypeSSLPolicy = "gcp:compute/sSLPolicy:SSLPolicy"

func (w *Cloud) sslPolicy() provider.Kind {
	return provider.Kind{
		Type: TypeSSLPolicy, NameProperty: "name", ID: global("sslPolicies"),
		Free:     "networks and their rules are free",
		Own:      true,
		Computed: []string{"selfLink", "enabledFeatures", "fingerprint", "creationTimestamp"},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "name", computeName)
			// TLS_1_3 came with pulumi-gcp 9.11; the version in go.mod refuses it.
			if custom := d.Inputs.Text("profile") == "CUSTOM"; d.Inputs.Has("profile") && custom != d.Inputs.Has("customFeatures") {
				failures = append(failures, provider.Refuse("customFeatures", "customFeatures must be specified if and only if profile is CUSTOM"))
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = computeLink + global("sslPolicies")(d)
			fallback(d, "profile", "COMPATIBLE")
			fallback(d, "minTlsVersion", "TLS_1_0")
			return nil
		},
		Refusal: func(r store.Resource) error { return w.inUse("ssl_policy", r) },
	}
}

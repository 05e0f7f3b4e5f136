package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeIdentityConfig is Identity Platform, switched on for the project.
const TypeIdentityConfig = "gcp:identityplatform/config:Config"

func (w *Cloud) identityConfig() provider.Kind {
	id := func(d *provider.Draft) string { return "projects/" + d.Project() + "/config" }
	return provider.Kind{
		Type: TypeIdentityConfig, ID: id,
		Computed: []string{"name"},
		Retained: true, // Identity Platform cannot be switched off
		Adopt:    takeUp,
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"] = id(d)
			return nil
		},
	}
}

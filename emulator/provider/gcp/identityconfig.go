package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeIdentityConfig is Identity Platform, switched on for the project.
const TypeIdentityConfig = "gcp:identityplatform/config:Config"

func (w *Cloud) identityConfig() provider.Kind {
	id := func(d *provider.Draft) string { return "projects/" + d.Project() + "/config" }
	return provider.Kind{
		Type: TypeIdentityConfig, ID: id,
		Computed: []string{"name"},
		// Identity Platform cannot be switched off, and switching it on is refused where it is on
		// (https://github.com/hashicorp/terraform-provider-google/issues/16520).
		Retained: true,
		Adopt: func(*provider.Draft, store.Resource) error {
			return apiError(400, "INVALID_PROJECT_ID : Identity Platform has already been enabled for this project.")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"] = id(d)
			return nil
		},
	}
}

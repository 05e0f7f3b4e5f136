package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// numbered is the identity of a thing that Cloud Monitoring gives a number:
// projects/P/COLLECTION/N, where N follows from the resource's URN.
func numbered(collection string) func(*provider.Draft) string {
	return func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/" + collection + "/" + number(d.URN)
	}
}

// named adds the identity as the output "name".
func named(id func(*provider.Draft) string) func(context.Context, *provider.Draft) error {
	return func(_ context.Context, d *provider.Draft) error {
		fallback(d, "name", id(d))
		return nil
	}
}

package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeDatabase is a database of a Cloud SQL instance.
const TypeDatabase = "gcp:sql/database:Database"

func (w *Cloud) database() provider.Kind {
	return provider.Kind{
		Type: TypeDatabase, NameProperty: "name",
		Free:     "part of their instance",
		Own:      true,
		Computed: []string{"selfLink"},
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/instances/" + d.Inputs.Text("instance") + "/databases/" + d.Inputs.Text("name")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = "https://sqladmin.googleapis.com/sql/v1beta4/projects/" + d.Project() + "/instances/" + d.Inputs.Text("instance") + "/databases/" + d.Inputs.Text("name")
			fallback(d, "charset", "UTF8")
			fallback(d, "collation", "en_US.UTF8")
			return w.checkInstanceExists(d.Inputs.Text("instance"))
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			in := provider.Properties(r.Outputs)
			return w.Databases.EnsureDatabase(ctx, in.Text("instance"), in.Text("name"), in.Text("charset"), in.Text("collation"))
		},
		Remove: func(ctx context.Context, r store.Resource) error {
			in := provider.Properties(r.Outputs)
			if w.checkInstanceExists(in.Text("instance")) != nil || in.Text("deletionPolicy") == "ABANDON" {
				return nil
			}
			return w.Databases.RemoveDatabase(ctx, in.Text("instance"), in.Text("name"))
		},
	}
}

func (w *Cloud) checkInstanceExists(name string) error {
	if _, exists := w.Store.Get(TypeDatabaseInstance, name); !exists {
		return apiError(404, "The Cloud SQL instance %s does not exist.", name)
	}
	return nil
}

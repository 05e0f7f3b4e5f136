package gcp

import (
	"context"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeDatabaseUser is a login of a Cloud SQL instance.
const TypeDatabaseUser = "gcp:sql/user:User"

const builtIn = "BUILT_IN"

func (w *Cloud) databaseUser() provider.Kind {
	return provider.Kind{
		Type: TypeDatabaseUser, NameProperty: "name",
		Free:     "part of their instance",
		Own:      true,
		Computed: []string{"sqlServerUserDetails"},
		Secret:   []string{"password"},
		// google-beta/services/sql/resource_sql_user.go, resourceSqlUserRead
		Unread: []string{"deletionPolicy", "password"},
		ID: func(d *provider.Draft) string {
			return d.Inputs.Text("name") + "//" + d.Inputs.Text("instance")
		},
		// PROJECT/INSTANCE/NAME (google-beta/services/sql/resource_sql_user.go, Importer).
		MatchesImportID: func(given, id string) bool {
			name, instance, _ := strings.Cut(id, "//")
			return given == id || strings.HasSuffix(given, "/"+instance+"/"+name)
		},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := oneOf(d, "type", builtIn, "CLOUD_IAM_USER", "CLOUD_IAM_SERVICE_ACCOUNT")
			kind := d.Inputs.Text("type")
			if kind == "CLOUD_IAM_SERVICE_ACCOUNT" && strings.HasSuffix(d.Inputs.Text("name"), ".gserviceaccount.com") {
				failures = append(failures, provider.Refuse("name", "Error 400: Invalid request: for a PostgreSQL service account user the name is the e-mail address without .gserviceaccount.com"))
			}
			if kind != "" && kind != builtIn && d.Inputs.Has("password") {
				failures = append(failures, provider.Refuse("password", "Error 400: Invalid request: an IAM user must not have a password"))
			}
			if kind == "" && !d.Inputs.Has("type") && !d.Inputs.Has("password") || kind == builtIn && !d.Inputs.Has("password") {
				failures = append(failures, provider.Refuse("password", "Error 400: Invalid request: a built-in user needs a password"))
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			return w.checkInstanceExists(d.Inputs.Text("instance"))
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			in := provider.Properties(r.Inputs)
			kind := in.Text("type")
			if kind == "" {
				kind = builtIn
			}
			return w.Databases.EnsureUser(ctx, in.Text("instance"), in.Text("name"), in.Text("password"), kind)
		},
		Remove: func(ctx context.Context, r store.Resource) error {
			in := provider.Properties(r.Inputs)
			if w.checkInstanceExists(in.Text("instance")) != nil || in.Text("deletionPolicy") == "ABANDON" {
				return nil
			}
			return w.Databases.RemoveUser(ctx, in.Text("instance"), in.Text("name"))
		},
	}
}

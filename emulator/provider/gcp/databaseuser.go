package gcp

import (
	"context"
	"strings"
	"unicode/utf8"

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
			if err := w.checkInstanceExists(d.Inputs.Text("instance")); err != nil {
				return err
			}
			return w.checkPassword(d)
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

// checkPassword refuses a password that the instance's policy for passwords does not take
// (https://cloud.google.com/sql/docs/postgres/built-in-authentication#password-policies).
func (w *Cloud) checkPassword(d *provider.Draft) error {
	const policy = "settings.passwordValidationPolicy."
	instance, there := w.Store.Get(TypeDatabaseInstance, d.Inputs.Text("instance"))
	rules, password := provider.Properties(instance.Inputs), d.Inputs.Text("password")
	if !there || password == "" || !rules.True(policy+"enablePasswordPolicy") {
		return nil
	}
	if least, set := rules.Number(policy + "minLength"); set && float64(utf8.RuneCountInString(password)) < least {
		return apiError(400, "Invalid request: Invalid password: it has fewer than %.0f characters.", least)
	}
	if rules.True(policy+"disallowUsernameSubstring") && strings.Contains(strings.ToLower(password), strings.ToLower(d.Inputs.Text("name"))) {
		return apiError(400, "Invalid request: Invalid password: it has the name of its user in it.")
	}
	return nil
}

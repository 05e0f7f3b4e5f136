package data

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/sql"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/sqlflag"
)

// Names inside the database server.
const (
	databaseName = "licenses"
	// MigrationUser is who the migration logs in as.
	MigrationUser = "license-migrate"
)

// minimumPassword is the least number of characters of a database password.
const minimumPassword = 16

// database declares the Cloud SQL instance, its database and its two users.
func (s *Stores) database(ctx *pulumi.Context, name string, args *StoresArgs) error {
	settings := args.Settings.withDefaults()
	// Cloud SQL blocks the name of a deleted instance for a week: without a
	// name here the provider makes a new one each time.
	// https://cloud.google.com/sql/docs/postgres/delete-instance
	instance, err := sql.NewDatabaseInstance(ctx, name, &sql.DatabaseInstanceArgs{
		Project:            pulumi.String(args.Project),
		Region:             pulumi.String(args.Region),
		DatabaseVersion:    pulumi.String(sqlflag.Version),
		EncryptionKeyName:  args.Keys.SQL,
		DeletionProtection: pulumi.Bool(settings.Protected()),
		Settings:           instanceSettings(settings, args),
	}, guarded(s, settings,
		pulumi.DependsOn(args.PrivateServices),
		// The disk grows by itself; its first size must not shrink it again. A disk of
		// another type would be an empty database in the place of this one
		// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/sql/resource_sql_database_instance.go).
		pulumi.IgnoreChanges([]string{"settings.diskSize", "settings.diskType"}))...)
	if err != nil {
		return fmt.Errorf("declaring the database instance: %w", err)
	}
	database, err := sql.NewDatabase(ctx, name, &sql.DatabaseArgs{
		Project:   pulumi.String(args.Project),
		Instance:  instance.Name,
		Name:      pulumi.String(databaseName),
		Charset:   pulumi.String("UTF8"),
		Collation: pulumi.String("en_US.UTF8"),
		// A database with other users in it cannot be deleted through the API:
		// it goes with its instance.
		DeletionPolicy: pulumi.String("ABANDON"),
	}, guarded(s, settings)...)
	if err != nil {
		return fmt.Errorf("declaring database %q: %w", databaseName, err)
	}
	s.SQLConnectionName = instance.ConnectionName
	s.SQLInstanceName = instance.Name
	s.DatabaseName = database.Name
	return s.users(ctx, name, args, instance)
}

// users declares who logs in: the migration, which owns the schema, by a
// password, because an IAM user has no right to create anything in a new
// database; and the API by its service account, for which no password exists.
func (s *Stores) users(ctx *pulumi.Context, name string, args *StoresArgs, instance *sql.DatabaseInstance) error {
	// A role that owns objects cannot be deleted through the API: users go with
	// their instance.
	abandon := pulumi.String("ABANDON")
	migration, err := sql.NewUser(ctx, name+"-migration", &sql.UserArgs{
		Project:        pulumi.String(args.Project),
		Instance:       instance.Name,
		Name:           pulumi.String(MigrationUser),
		Type:           pulumi.String("BUILT_IN"),
		Password:       args.MigrationPassword.ToStringOutput(),
		DeletionPolicy: abandon,
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("declaring database user %q: %w", MigrationUser, err)
	}
	api, err := sql.NewUser(ctx, name+"-api", &sql.UserArgs{
		Project:        pulumi.String(args.Project),
		Instance:       instance.Name,
		Name:           args.APIEmail.ToStringOutput().ApplyT(iamUser).(pulumi.StringOutput),
		Type:           pulumi.String("CLOUD_IAM_SERVICE_ACCOUNT"),
		DeletionPolicy: abandon,
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("declaring the API's database user: %w", err)
	}
	s.MigrationUser = migration.Name
	s.APIUser = api.Name
	return nil
}

// iamUser is the database user of a service account: PostgreSQL limits names to
// 63 bytes, so Cloud SQL drops the end of the address.
// https://cloud.google.com/sql/docs/postgres/add-manage-iam-users
func iamUser(email string) string {
	return strings.TrimSuffix(email, ".gserviceaccount.com")
}

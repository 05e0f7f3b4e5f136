package data

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	redisAuthSecret         = "license-redis-auth"
	migrationPasswordSecret = "license-migration-password"
)

// SecretNames are the names of all secrets in Secret Manager: by them the platform's
// are told from others of the project.
func SecretNames() []string { return []string{redisAuthSecret, migrationPasswordSecret} }

// StoresArgs is what Stores needs from the stack.
type StoresArgs struct {
	// Settings are the layer's settings; they must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Region is where everything is kept.
	Region string
	// NetworkID is the network from which database and cache are reached:
	// projects/…/global/networks/….
	NetworkID pulumi.StringInput
	// PrivateServicesRangeName is the name of the address range reserved for
	// Google's private services.
	PrivateServicesRangeName pulumi.StringInput
	// PrivateServices must exist before database and cache: the peering with
	// Google's services.
	PrivateServices []pulumi.Resource
	// Keys are the encryption keys.
	Keys *Keys
	// APIEmail is the address of the API's service account.
	APIEmail pulumi.StringInput
	// MigrationEmail is the address of the migration's service account.
	MigrationEmail pulumi.StringInput
	// MigrationPassword is the database password of the migration: a secret.
	MigrationPassword pulumi.StringInput
}

// Stores are the platform's database, cache, secrets and image repository.
type Stores struct {
	pulumi.ResourceState

	// SQLConnectionName is project:region:instance, what connectors dial.
	SQLConnectionName pulumi.StringOutput
	// SQLInstanceName is the instance's name, for grants and alerts.
	SQLInstanceName pulumi.StringOutput
	// DatabaseName is the name of the database.
	DatabaseName pulumi.StringOutput
	// APIUser is the database user of the API.
	APIUser pulumi.StringOutput
	// MigrationUser is the database user of the migration, which owns the schema.
	MigrationUser pulumi.StringOutput
	// RedisHost is the cache's private address.
	RedisHost pulumi.StringOutput
	// RedisPort is the cache's port: 6378 with TLS on Google Cloud.
	RedisPort pulumi.IntOutput
	// RedisServerCA is the PEM of the authorities that sign its certificate.
	RedisServerCA pulumi.StringOutput
	// RedisAuthSecret is the secret version that holds the cache's AUTH string.
	RedisAuthSecret pulumi.StringOutput
	// RedisAuthSecretID is the secret of RedisAuthSecret.
	RedisAuthSecretID pulumi.StringOutput
	// MigrationPasswordSecret is the secret version with the migration's
	// database password.
	MigrationPasswordSecret pulumi.StringOutput
	// MigrationPasswordSecretID is the secret of MigrationPasswordSecret.
	MigrationPasswordSecretID pulumi.StringOutput
	// RegistryRepository is the name of the image repository.
	RegistryRepository pulumi.StringOutput
}

// NewStores declares the database, the cache, the secrets that open them and
// the image repository, each encrypted with its own key.
func NewStores(ctx *pulumi.Context, name string, args *StoresArgs, opts ...pulumi.ResourceOption) (*Stores, error) {
	if args.MigrationPassword == nil {
		return nil, errors.New("data: the migration has no database password; set the secret migrationPassword")
	}
	stores := &Stores{}
	if err := ctx.RegisterComponentResource("licensing:data:Stores", name, stores, opts...); err != nil {
		return nil, fmt.Errorf("registering stores %q: %w", name, err)
	}
	if err := stores.database(ctx, name, args); err != nil {
		return nil, err
	}
	cache, err := stores.cache(ctx, name, args)
	if err != nil {
		return nil, err
	}
	auth, err := stores.secret(ctx, name, redisAuthSecret, args, cache.AuthString)
	if err != nil {
		return nil, err
	}
	migration, err := stores.secret(ctx, name, migrationPasswordSecret, args, args.MigrationPassword)
	if err != nil {
		return nil, err
	}
	stores.RedisAuthSecretID, stores.RedisAuthSecret = auth.id, auth.version
	stores.MigrationPasswordSecretID, stores.MigrationPasswordSecret = migration.id, migration.version
	if err := stores.registry(ctx, name, args); err != nil {
		return nil, err
	}
	return stores, ctx.RegisterResourceOutputs(stores, pulumi.Map{
		"sqlConnectionName":  stores.SQLConnectionName,
		"redisHost":          stores.RedisHost,
		"redisPort":          stores.RedisPort,
		"registryRepository": stores.RegistryRepository,
	})
}

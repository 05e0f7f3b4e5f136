package constraint_test

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	sqlSDK     = "https://www.pulumi.com/registry/packages/gcp/api-docs/sql/databaseinstance/"
	sqlTiers   = "https://cloud.google.com/sql/docs/postgres/create-instance"
	sqlEdition = "https://cloud.google.com/sql/docs/postgres/editions-intro"
	sqlBackup  = "https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr"
	sqlHA      = "https://cloud.google.com/sql/docs/postgres/high-availability"
	sqlPrivate = "https://cloud.google.com/sql/docs/postgres/configure-private-services-access"
	sqlDelete  = "https://cloud.google.com/sql/docs/postgres/delete-instance"
	sqlFlags   = "https://cloud.google.com/sql/docs/postgres/flags"
	sqlUsers   = "https://cloud.google.com/sql/docs/postgres/add-manage-iam-users"
	userSDK    = "https://www.pulumi.com/registry/packages/gcp/api-docs/sql/user/"
)

// instance is a Cloud SQL instance that the API takes.
func instance() map[string]any {
	return map[string]any{
		"name": "db", "databaseVersion": "POSTGRES_16", "region": region, "deletionProtection": false,
		"settings": map[string]any{
			"tier": "db-custom-2-7680", "edition": "ENTERPRISE", "availabilityType": "ZONAL",
			"ipConfiguration":     map[string]any{"privateNetwork": networkID},
			"backupConfiguration": map[string]any{"enabled": true, "transactionLogRetentionDays": 7},
		},
	}
}

// databaseFlag sets one database flag.
func databaseFlag(name, value string) changes {
	return changes{"settings.databaseFlags": []any{map[string]any{"name": name, "value": value}}}
}

func sqlRows() []row {
	const typ = gcp.TypeDatabaseInstance
	const tier, edition, days = "settings.tier", "settings.edition", "settings.backupConfiguration.transactionLogRetentionDays"
	return slices.Concat(encrypted("an instance", typ, "encryptionKeyName", "gcp-sa-cloud-sql", instance(), peering()...), []row{
		{
			what: "a db-custom tier with ENTERPRISE_PLUS", typ: typ, right: instance(),
			change: changes{edition: "ENTERPRISE_PLUS"}, says: "Invalid Tier (db-custom-2-7680) for (ENTERPRISE_PLUS) Edition", source: sqlEdition,
		},
		{
			what: "a db-custom tier without an edition: from PostgreSQL 16 on the default is ENTERPRISE_PLUS", typ: typ, right: instance(),
			change: changes{edition: nil}, says: "Invalid Tier (db-custom-2-7680) for (ENTERPRISE_PLUS) Edition", source: sqlEdition,
		},
		{
			what: "a tier of ENTERPRISE_PLUS with ENTERPRISE", typ: typ, right: instance(),
			change: changes{tier: "db-perf-optimized-N-2"}, says: "for (ENTERPRISE) Edition", source: sqlEdition,
		},
		{
			what: "an odd number of CPUs", typ: typ, right: instance(),
			change: changes{tier: "db-custom-3-7680"}, says: "even number up to 96", source: sqlTiers,
		},
		{
			what: "too little memory", typ: typ, right: instance(),
			change: changes{tier: "db-custom-2-1024"}, says: "allowed: 3840 to 13312", source: sqlTiers,
		},
		{
			what: "logs for point-in-time recovery of more than 7 days", typ: typ, right: instance(),
			change: changes{days: 8}, says: "between 1 and 7", source: sqlSDK,
		},
		{
			what: "REGIONAL without backups", typ: typ, right: with(instance(), changes{"settings.availabilityType": "REGIONAL"}),
			change: changes{"settings.backupConfiguration.enabled": false}, says: "must be enabled for an instance with availabilityType REGIONAL", source: sqlHA,
		},
		{
			what: "more than 365 backups", typ: typ, right: instance(),
			change: changes{"settings.backupConfiguration.backupRetentionSettings.retainedBackups": 366}, says: "between 1 and 365", source: sqlBackup,
		},
		{
			what: "an SSL mode that does not exist", typ: typ, right: with(instance(), changes{"settings.ipConfiguration.sslMode": "ENCRYPTED_ONLY"}),
			change: changes{"settings.ipConfiguration.sslMode": "REQUIRED"}, says: "expected settings.ipConfiguration.sslMode to be one of", source: sqlSDK,
		},
		{
			what: "a database flag that Cloud SQL does not have", typ: typ, right: with(instance(), databaseFlag("log_connections", "on")),
			change: databaseFlag("log_conections", "on"), says: "log_conections = on is not a database flag of Cloud SQL for PostgreSQL 16; allowed: log_connections?", source: sqlFlags,
		},
		{
			what: "a database flag that Cloud SQL keeps to itself", typ: typ, right: instance(),
			change: databaseFlag("listen_addresses", "*"), says: "is a parameter that Cloud SQL keeps to itself", source: sqlFlags,
		},
		{
			what: "a database flag that pgaudit does not have", typ: typ, right: with(instance(), databaseFlag("pgaudit.log", "ddl")),
			change: databaseFlag("pgaudit.logg", "ddl"), says: "allowed: pgaudit.log?", source: sqlFlags,
		},
		{
			what: "a database flag's value with a unit", typ: typ, right: with(instance(), databaseFlag("work_mem", "65536")),
			change: databaseFlag("work_mem", "64MB"), says: "work_mem = 64MB is not a whole number without a unit", source: sqlFlags,
		},
		{
			what: "a database flag's value out of its range", typ: typ, right: with(instance(), databaseFlag("max_connections", "500")),
			change: databaseFlag("max_connections", "-1"), says: "max_connections = -1 is out of range", source: sqlFlags,
		},
		{
			what: "a database flag's value that is not one of its allowed words", typ: typ, right: with(instance(), databaseFlag("jit", "off")),
			change: databaseFlag("jit", "false"), says: "jit = false is not on or off", source: sqlFlags,
		},
		{
			what: "a database flag that is less of the instance's memory than Cloud SQL takes", typ: typ, right: with(instance(), databaseFlag("shared_buffers", "98304")),
			change: databaseFlag("shared_buffers", "16384"), says: "shared_buffers = 16384 is not 10 to 60 % of the instance's memory of 7680 MiB", source: sqlFlags,
		},
		{
			what: "a private address without private services access", typ: typ, right: instance(), when: onCreate,
			lacking: peering(), says: "SERVICE_NETWORKING_NOT_ENABLED", source: sqlPrivate,
		},
		{
			what: "the name of an instance that was deleted less than a week ago", typ: typ, right: with(instance(), changes{"name": "other"}), when: onCreate,
			given: peering(), gone: []made{{typ, "gone", instance()}}, change: changes{"name": "db"}, says: "cannot be used again for 7 days", source: sqlSDK,
		},
		{
			what: "deleting an instance that is protected", typ: typ, right: instance(), when: onDelete,
			given: peering(), change: changes{"deletionProtection": true}, says: "is protected", source: sqlDelete,
		},
	})
}

func sqlAccessRows() []row {
	const database, user = "gcp:sql/database:Database", "gcp:sql/user:User"
	there := append(peering(), made{gcp.TypeDatabaseInstance, "db", instance()})
	strict := with(instance(), changes{"settings.passwordValidationPolicy": map[string]any{"enablePasswordPolicy": true, "minLength": 16, "disallowUsernameSubstring": true}})
	guarded := append(peering(), made{gcp.TypeDatabaseInstance, "db", strict})
	const passwords = "https://cloud.google.com/sql/docs/postgres/built-in-authentication#password-policies"
	migrate := map[string]any{"instance": "db", "name": "migrate", "password": "0123456789abcdef", "type": "BUILT_IN"}
	account := map[string]any{"instance": "db", "name": "api@" + project + ".iam", "type": "CLOUD_IAM_SERVICE_ACCOUNT"}
	return []row{
		{
			what: "a database in an instance that does not exist", typ: database, right: map[string]any{"instance": "db", "name": "licenses"}, when: onCreate,
			lacking: there, says: "The Cloud SQL instance db does not exist", source: "https://cloud.google.com/sql/docs/postgres/create-manage-databases",
		},
		{
			what: "an IAM user with a password", typ: user, right: account,
			change: changes{"password": "secret"}, says: "must not have a password", source: userSDK,
		},
		{
			what: "a service account as a user by its whole address", typ: user, right: account,
			change: changes{"name": "api@" + project + ".iam.gserviceaccount.com"}, says: "without .gserviceaccount.com", source: sqlUsers,
		},
		{
			what: "a built-in user without a password", typ: user, right: map[string]any{"instance": "db", "name": "migrate", "password": "secret"},
			change: changes{"password": nil}, says: "a built-in user needs a password", source: "https://cloud.google.com/sql/docs/postgres/create-manage-users",
		},
		{
			what: "a password that is shorter than the instance's policy says", typ: user, right: migrate, when: onCreate, given: guarded,
			change: changes{"password": "0123456789abcde"}, says: "it has fewer than 16 characters", source: passwords,
		},
		{
			what: "a password with the user's name in it, where the instance's policy forbids it", typ: user, right: migrate, when: onCreate, given: guarded,
			change: changes{"password": "0123456789-Migrate"}, says: "it has the name of its user in it", source: passwords,
		},
	}
}

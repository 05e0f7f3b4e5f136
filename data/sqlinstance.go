package data

import (
	"cmp"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/sql"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// instanceSettings is the database server: private, encrypted, audited, backed
// up. https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances
func instanceSettings(settings Settings, args *StoresArgs) *sql.DatabaseInstanceSettingsArgs {
	chosen := settings.SQL
	var flags sql.DatabaseInstanceSettingsDatabaseFlagArray
	for _, f := range chosen.flags() {
		flags = append(flags, &sql.DatabaseInstanceSettingsDatabaseFlagArgs{
			Name: pulumi.String(f.name), Value: pulumi.String(f.value),
		})
	}
	enforcement := "NOT_REQUIRED"
	if chosen.ConnectorOnly {
		enforcement = "REQUIRED"
	}
	return &sql.DatabaseInstanceSettingsArgs{
		Tier: pulumi.String(chosen.Tier),
		// PostgreSQL 16 is ENTERPRISE_PLUS unless told otherwise, which has no
		// db-custom tiers.
		Edition:                   pulumi.String("ENTERPRISE"),
		AvailabilityType:          pulumi.String(chosen.Availability),
		ActivationPolicy:          pulumi.String("ALWAYS"),
		DeletionProtectionEnabled: pulumi.Bool(settings.Protected()),
		ConnectorEnforcement:      pulumi.String(enforcement),
		DiskType:                  pulumi.String("PD_SSD"),
		DiskSize:                  pulumi.Int(chosen.DiskGib),
		DiskAutoresize:            pulumi.Bool(true),
		DatabaseFlags:             flags,
		IpConfiguration: &sql.DatabaseInstanceSettingsIpConfigurationArgs{
			Ipv4Enabled:      pulumi.Bool(false),
			PrivateNetwork:   args.NetworkID,
			AllocatedIpRange: args.PrivateServicesRangeName.ToStringOutput(),
			SslMode:          pulumi.String("ENCRYPTED_ONLY"),
		},
		BackupConfiguration:      backups(chosen.Backup, args.Region),
		PasswordValidationPolicy: passwords(),
		InsightsConfig: &sql.DatabaseInstanceSettingsInsightsConfigArgs{
			QueryInsightsEnabled:  pulumi.Bool(true),
			QueryPlansPerMinute:   pulumi.Int(5),
			QueryStringLength:     pulumi.Int(1024),
			RecordApplicationTags: pulumi.Bool(true),
			// Clients are pods, and users' addresses are personal data.
			RecordClientAddress: pulumi.Bool(false),
		},
		MaintenanceWindow: &sql.DatabaseInstanceSettingsMaintenanceWindowArgs{
			Day:         pulumi.Int(chosen.Maintenance.Day),
			Hour:        pulumi.Int(chosen.Maintenance.Hour),
			UpdateTrack: pulumi.String("stable"),
		},
	}
}

// backups keeps daily backups and, for some days, every moment in between.
func backups(chosen BackupSettings, region string) *sql.DatabaseInstanceSettingsBackupConfigurationArgs {
	return &sql.DatabaseInstanceSettingsBackupConfigurationArgs{
		Enabled:                     pulumi.Bool(true),
		StartTime:                   pulumi.String(chosen.Start),
		Location:                    pulumi.String(cmp.Or(chosen.Location, region)),
		PointInTimeRecoveryEnabled:  pulumi.Bool(true),
		TransactionLogRetentionDays: pulumi.Int(chosen.LogDays),
		BackupRetentionSettings: &sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs{
			RetainedBackups: pulumi.Int(chosen.Count),
			// A count of backups, not of days.
			RetentionUnit: pulumi.String("COUNT"),
		},
	}
}

// passwords asks for long passwords; they are made by machines, so the kinds of
// characters add nothing.
// https://cloud.google.com/sql/docs/postgres/built-in-authentication#password-policies
func passwords() *sql.DatabaseInstanceSettingsPasswordValidationPolicyArgs {
	return &sql.DatabaseInstanceSettingsPasswordValidationPolicyArgs{
		EnablePasswordPolicy:      pulumi.Bool(true),
		MinLength:                 pulumi.Int(minimumPassword),
		DisallowUsernameSubstring: pulumi.Bool(true),
	}
}

package checklist

import (
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// set is a requirement of one of the database's flags.
func set(name string, want Want, broken any) Requirement {
	return Requirement{Type: gcp.TypeDatabaseInstance, At: flag(name), Want: want, Break: broken}
}

// unflagged wants a flag to be off or not given at all, which is PostgreSQL's
// default for it.
func unflagged(name string) Requirement {
	return Requirement{Type: gcp.TypeDatabaseInstance, Path: "settings.databaseFlags", Want: custom("leaves "+name+" off", func(s Subject) bool {
		at := flag(name)(s.Resource)
		return at == "" || s.Resource.Text(at) == "off"
	}), Break: []any{map[string]any{"name": name, "value": "on"}}}
}

func checkovDatabase() []Item {
	severities := oneOf("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error", "log", "fatal", "panic")
	return []Item{
		check("CKV_GCP_6", "Ensure all Cloud SQL database instance requires all incoming connections to use SSL",
			Requirement{
				Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.sslMode",
				Want: oneOf("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"), Break: "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
			}),
		check("CKV_GCP_11", "Ensure that Cloud SQL database Instances are not open to the world",
			Requirement{
				Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.authorizedNetworks", Want: unset(),
				Break: []any{map[string]any{"value": allowEverywhere}},
			}),
		check("CKV_GCP_14", "Ensure all Cloud SQL database instance have backup configuration enabled",
			Requirement{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.enabled", Want: is(true), Break: false}),
		check("CKV_GCP_51", "Ensure PostgreSQL database 'log_checkpoints' flag is set to 'on'", set("log_checkpoints", is("on"), "off")),
		check("CKV_GCP_52", "Ensure PostgreSQL database 'log_connections' flag is set to 'on'", set("log_connections", is("on"), "off")),
		check("CKV_GCP_53", "Ensure PostgreSQL database 'log_disconnections' flag is set to 'on'", set("log_disconnections", is("on"), "off")),
		check("CKV_GCP_54", "Ensure PostgreSQL database 'log_lock_waits' flag is set to 'on'", set("log_lock_waits", is("on"), "off")),
		check("CKV_GCP_55", "Ensure PostgreSQL database 'log_min_messages' flag is set to a valid value", set("log_min_messages", severities, "quiet")),
		check("CKV_GCP_56", "Ensure PostgreSQL database 'log_temp_files flag is set to '0'", set("log_temp_files", is("0"), "1024")),
		check("CKV_GCP_57", "Ensure PostgreSQL database 'log_min_duration_statement' flag is set to '-1'", set("log_min_duration_statement", is("-1"), "100")),
		check("CKV_GCP_60", "Ensure Cloud SQL database does not have public IP",
			Requirement{Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.ipv4Enabled", Want: is(false), Break: true}),
		check("CKV_GCP_109", "Ensure the GCP PostgreSQL database log levels are set to ERROR or lower",
			set("log_min_error_statement", oneOf("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error"), "fatal")),
		check("CKV_GCP_110", "Ensure pgAudit is enabled for your GCP PostgreSQL database", set("cloudsql.enable_pgaudit", is("on"), "off")),
		check("CKV_GCP_111", "Ensure GCP PostgreSQL logs SQL statements", set("log_statement", oneOf("ddl", "mod", "all"), "none")),
		check("CKV2_GCP_14", "Ensure PostgreSQL database flag 'log_executor_stats' is set to 'off'", unflagged("log_executor_stats")),
		check("CKV2_GCP_15", "Ensure PostgreSQL database flag 'log_parser_stats' is set to 'off'", unflagged("log_parser_stats")),
		check("CKV2_GCP_16", "Ensure PostgreSQL database flag 'log_planner_stats' is set to 'off'", unflagged("log_planner_stats")),
		check("CKV2_GCP_17", "Ensure PostgreSQL database flag 'log_statement_stats' is set to 'off'", unflagged("log_statement_stats")),
	}
}

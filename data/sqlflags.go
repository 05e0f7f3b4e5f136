package data

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// flag is one database flag.
type flag struct{ name, value string }

// auditFlags are the flags that make the database's audit trail: what the CIS
// benchmark for Google Cloud asks of PostgreSQL (6.2), with pgaudit for the
// given classes of statements. Statements are logged without parameters, so
// that neither secrets nor personal data reach the logs.
// https://cloud.google.com/sql/docs/postgres/flags
func auditFlags(classes []string) []flag {
	return []flag{
		{"cloudsql.enable_pgaudit", "on"},
		{"cloudsql.iam_authentication", "on"},
		{"log_checkpoints", "on"},
		{"log_connections", "on"},
		{"log_disconnections", "on"},
		{"log_lock_waits", "on"},
		{"log_min_duration_statement", "-1"},
		{"log_min_error_statement", "error"},
		{"log_min_messages", "warning"},
		{"log_statement", "ddl"},
		{"log_temp_files", "0"},
		{"pgaudit.log", strings.Join(slices.Sorted(slices.Values(classes)), ",")},
	}
}

// flags are all flags of the instance, sorted by name, because Cloud SQL
// returns them as a list whose order would else be a difference.
func (s SQLSettings) flags() []flag {
	all := auditFlags(s.AuditClasses)
	for _, name := range slices.Sorted(maps.Keys(s.Flags)) {
		all = append(all, flag{name, s.Flags[name]})
	}
	slices.SortFunc(all, func(a, b flag) int { return cmp.Compare(a.name, b.name) })
	return all
}

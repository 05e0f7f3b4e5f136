package data

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/sqlflag"
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

// validateFlags refuses flags that Cloud SQL does not have, or not with this value.
// Those of the audit trail are refused whether they are checked or not.
func (s SQLSettings) validateFlags() (found setting.Problems) {
	fixed, memory := auditFlags(nil), s.memory()
	for _, name := range slices.Sorted(maps.Keys(s.Flags)) {
		key, value := "flags."+name, s.Flags[name]
		switch why, allowed := sqlflag.Check(name, value); {
		case slices.ContainsFunc(fixed, func(f flag) bool { return strings.EqualFold(f.name, name) }):
			found.Add(key, value, "is set by the platform", "no entry; pgaudit.log follows auditClasses")
		case slices.Contains(s.UncheckedFlags, name):
			setting.Matches(&found, key, name, flagNameForm, "the name of a database flag")
		case why != "":
			found.Add(key, value, why, allowed+"; where Google has it all the same, add the name to uncheckedFlags")
		default:
			if why, allowed := sqlflag.CheckMemory(name, value, memory); why != "" {
				found.Add(key, value, why, allowed+"; or a data.sql.tier with another amount of memory")
			}
		}
	}
	for i, name := range s.UncheckedFlags {
		if _, there := s.Flags[name]; !there {
			found.Add(fmt.Sprintf("uncheckedFlags[%d]", i), name, "is not among flags", setting.Hint(name, slices.Sorted(maps.Keys(s.Flags))))
		}
	}
	return found
}

// Package sqlflag knows the database flags of Cloud SQL for PostgreSQL, so that
// a misspelt or ill-typed one is refused before anything is asked of Google.
//
// Its check promises two things. Every name is a parameter of this version of
// PostgreSQL that Cloud SQL lets its users set, or a flag of Cloud SQL or of an
// extension that it offers. Every value has the right type, and is within
// PostgreSQL's bounds or Cloud SQL's narrower ones. The check does not
// promise that Google offers each of PostgreSQL's parameters: Google's list is
// on https://cloud.google.com/sql/docs/postgres/flags and is what
// `gcloud sql flags list --database-version=POSTGRES_16` answers.
package sqlflag

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Version is the databaseVersion that these flags belong to.
const Version = "POSTGRES_16"

// What a value may be.
const (
	boolean = "boolean" // on or off
	integer = "integer" // in the flag's unit, which is not written
	number  = "number"
	word    = "word" // one of the flag's words
	text    = "text"
)

// postgres is the view pg_settings of PostgreSQL 16.14, without what it only
// reports. The words of wal_compression and
// default_toast_compression are those of a server with LZ4 and zstd.
// https://www.postgresql.org/docs/16/view-pg-settings.html
//
//go:embed postgres16.tsv
var postgres string

// cloudSQL are flags that only Cloud SQL has, those of the extensions that it
// offers, and bounds that are narrower than PostgreSQL's: from
// https://cloud.google.com/sql/docs/postgres/flags as copied by
// https://github.com/nais/naiserator (pkg/resourcecreator/google/sql), the
// release notes of Cloud SQL for PostgreSQL of 2022-01 to 2023-10, and the
// documentation of the extensions; read on 2026-11-29.
//
//go:embed cloudsql.tsv
var cloudSQL string

// columns is how many a table has; those at the end may be missing in a line.
const columns = 6

// flag is one line of a table.
type flag struct {
	name, kind, least, most, unit string
	words                         []string
}

// known are all flags by their name in lower case.
func known() map[string]flag {
	flags := map[string]flag{}
	for _, table := range []string{postgres, cloudSQL} {
		for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
			if i == 0 {
				continue // the columns' names
			}
			fields := append(strings.Split(line, "\t"), make([]string, columns)...)
			f := flag{name: fields[0], kind: fields[1], least: fields[2], most: fields[3], unit: fields[4]}
			if fields[5] != "" {
				f.words = strings.Split(fields[5], ",")
			}
			flags[strings.ToLower(f.name)] = f
		}
	}
	return flags
}

// kept are parameters that Cloud SQL keeps to itself: they are not among
// https://cloud.google.com/sql/docs/postgres/flags. A name that ends in "*" means all
// names with this prefix.
var kept = [...]string{
	"allow_system_table_mods", "archive_*", "bonjour*", "config_file", "data_directory", "dynamic_library_path", "external_pid_file",
	"fsync", "full_page_writes", "hba_file", "ident_file", "krb_*", "listen_addresses", "log_destination", "log_directory",
	"log_filename", "logging_collector", "port", "primary_*", "recovery_target*", "restore_command", "shared_preload_libraries",
	"ssl", "ssl_c*", "ssl_dh_params_file", "ssl_ecdh_curve", "ssl_key_file", "ssl_pa*", "ssl_prefer_server_ciphers", "syslog_*",
	"unix_socket_*", "wal_level", "wal_sync_method", "zero_damaged_pages",
}

func isKept(name string) bool {
	return slices.ContainsFunc(kept[:], func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return name == pattern || (wild && strings.HasPrefix(name, prefix))
	})
}

// Check says why Cloud SQL does not take a flag with a value, and what it takes
// instead; both are empty when it does. Upper and lower case of a name are one,
// as in PostgreSQL. A flag of an extension that is not in the tables passes.
func Check(name, value string) (why, allowed string) {
	flags := known()
	lower := strings.ToLower(name)
	f, found := flags[lower]
	switch {
	case isKept(lower):
		return "is a parameter that Cloud SQL keeps to itself", "a flag of https://cloud.google.com/sql/docs/postgres/flags" + instead(lower)
	case found:
		return f.check(value)
	case ofAnotherExtension(lower, flags):
		return "", ""
	}
	allowed = "a flag of https://cloud.google.com/sql/docs/postgres/flags"
	if near := nearest(lower, flags); near != "" {
		allowed = near + "?; " + allowed
	}
	return "is not a database flag of Cloud SQL for PostgreSQL 16", allowed
}

// instead names the flag that does what a parameter does which Cloud SQL keeps.
func instead(name string) string {
	switch name {
	case "wal_level":
		return "; cloudsql.logical_decoding = on makes it logical"
	case "shared_preload_libraries":
		return "; cloudsql.enable_… loads an extension, for example cloudsql.enable_pg_cron"
	default:
		return ""
	}
}

// extensionForm is the form of the parameters of extensions, which PostgreSQL checks: identifiers
// with dots between them. https://www.postgresql.org/docs/16/runtime-config-custom.html
var extensionForm = regexp.MustCompile(`^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)+$`)

// ofAnotherExtension tells whether a name belongs to an extension without flags in the
// tables, and is not a misspelling of an extension with flags.
func ofAnotherExtension(name string, flags map[string]flag) bool {
	if !extensionForm.MatchString(name) {
		return false
	}
	extension, _, _ := strings.Cut(name, ".")
	var extensions []string
	for other := range flags {
		if prefix, _, is := strings.Cut(other, "."); is {
			extensions = append(extensions, prefix)
		}
	}
	return setting.Nearest(extension, extensions) == "" && nearest(name, flags) == ""
}

// nearest is the flag that was probably meant. Hyphens are a common slip: gcloud
// has them in the names of its own flags.
func nearest(name string, flags map[string]flag) string {
	var names []string
	for _, f := range flags {
		if !isKept(strings.ToLower(f.name)) {
			names = append(names, f.name)
		}
	}
	return setting.Nearest(strings.ReplaceAll(name, "-", "_"), names)
}

// check says what is wrong with a value.
func (f flag) check(value string) (why, allowed string) {
	switch f.kind {
	case boolean:
		// "Boolean flags are set to on for true and off for false"
		// (https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances#databaseflags).
		if value != "on" && value != "off" {
			return "is not on or off", "on or off"
		}
	case word:
		if !slices.ContainsFunc(f.words, func(w string) bool { return strings.EqualFold(w, value) }) {
			return "is not one of its words", setting.Hint(value, f.words)
		}
	case integer:
		n, err := strconv.ParseInt(value, 10, 64)
		least, most := f.whole(f.least), f.whole(f.most)
		switch {
		case err != nil:
			return "is not a whole number without a unit", f.bounds()
		case n < least || n > most:
			return "is out of range", f.bounds()
		}
	case number:
		n, err := strconv.ParseFloat(value, 64)
		least, _ := strconv.ParseFloat(f.least, 64)
		most, _ := strconv.ParseFloat(f.most, 64)
		switch {
		case err != nil:
			return "is not a number without a unit", f.bounds()
		case !(n >= least && n <= most):
			return "is out of range", f.bounds()
		}
	}
	return "", ""
}

func (f flag) whole(bound string) int64 {
	n, _ := strconv.ParseInt(bound, 10, 64)
	return n
}

// bounds are what a number may be, with the unit that it counts.
func (f flag) bounds() string {
	switch f.unit {
	case "":
		return fmt.Sprintf("%s to %s", f.least, f.most)
	default:
		return fmt.Sprintf("%s to %s, counted in units of %s", f.least, f.most, f.unit)
	}
}

// share is which part of an instance's memory a flag may be, in percent, both included.
type share struct{ least, most int64 }

// CheckMemory says why Cloud SQL refuses this value of a valid flag in an instance with
// this memory, and what it accepts instead; both are empty for a valid value.
// https://cloud.google.com/sql/docs/postgres/flags
func CheckMemory(name, value string, mebibytes int) (why, allowed string) {
	part, bounded := map[string]share{"shared_buffers": {10, 60}, "effective_cache_size": {10, 70}}[strings.ToLower(name)]
	pages, err := strconv.ParseInt(value, 10, 64)
	if !bounded || err != nil || mebibytes <= 0 {
		return "", ""
	}
	whole := int64(mebibytes) * 1024 / 8 // in pages of 8 KiB
	least, most := (whole*part.least+99)/100, whole*part.most/100
	if pages >= least && pages <= most {
		return "", ""
	}
	return fmt.Sprintf("is not %d to %d %% of the instance's memory of %d MiB", part.least, part.most, mebibytes),
		fmt.Sprintf("%d to %d, counted in units of 8kB", least, most)
}

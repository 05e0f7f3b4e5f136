package postgres

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Flag is one declared database flag and what became of it.
type Flag struct {
	Name, Value string
	// Applied is false for a flag that this PostgreSQL does not have; Why then
	// says why.
	Applied bool
	Why     string
}

// refused are parameters that Cloud SQL keeps to itself: they are not among
// https://cloud.google.com/sql/docs/postgres/flags. A name that ends in "*"
// stands for all that begin like it.
var refused = [...]string{
	"listen_addresses", "port", "unix_socket_*", "ssl", "ssl_*", "hba_file", "ident_file", "data_directory", "config_file",
	"external_pid_file", "shared_preload_libraries", "archive_*", "restore_command", "fsync", "full_page_writes",
	"password_encryption", "logging_collector", "log_destination", "log_directory", "log_filename", "krb_*",
}

// parameters are the settings that a PostgreSQL has, with what a change needs:
// "postmaster" is a restart.
type parameters map[string]string

// describe asks the server program for its parameters, which needs no data.
func describe(ctx context.Context, bin string) (parameters, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--describe-config")
	cmd.Env = []string{}
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask PostgreSQL for its parameters: %w", err)
	}
	found := parameters{}
	for line := range strings.Lines(string(output)) {
		if fields := strings.Split(line, "\t"); len(fields) > 1 {
			found[fields[0]] = fields[1]
		}
	}
	return found, nil
}

// auditFlags are the parameters of the extension pgaudit
// (https://github.com/pgaudit/pgaudit/blob/main/README.md#settings).
var auditFlags = [...]string{
	"pgaudit.log", "pgaudit.log_catalog", "pgaudit.log_client", "pgaudit.log_level", "pgaudit.log_parameter", "pgaudit.log_parameter_max_size",
	"pgaudit.log_relation", "pgaudit.log_rows", "pgaudit.log_statement", "pgaudit.log_statement_once", "pgaudit.role",
}

// CheckFlags returns which database flag Cloud SQL does not take.
func CheckFlags(ctx context.Context, declared map[string]string) error {
	bin, err := find(programs, "")
	if err != nil {
		return err
	}
	known, err := describe(ctx, bin)
	if err != nil {
		return err
	}
	_, err = known.judge(declared, auditable(bin))
	return err
}

// judge says for every declared flag whether it applies here, by name.
func (ps parameters) judge(declared map[string]string, hasAudit bool) ([]Flag, error) {
	var flags []Flag
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		flag := Flag{Name: name, Value: declared[name]}
		_, known := ps[name]
		switch {
		case isRefused(name):
			return nil, fmt.Errorf("the database flag %s is not one of Cloud SQL's: it manages that itself; see https://cloud.google.com/sql/docs/postgres/flags", name)
		case known:
			flag.Applied = true
		case strings.HasPrefix(name, "pgaudit.") && !slices.Contains(auditFlags[:], name):
			return nil, fmt.Errorf("the extension pgaudit has no parameter %s; it has %s", name, strings.Join(auditFlags[:], ", "))
		case strings.HasPrefix(name, "pgaudit.") && hasAudit:
			flag.Applied = true
		case strings.HasPrefix(name, "pgaudit."), name == "cloudsql.enable_pgaudit":
			flag.Applied = hasAudit
			if !hasAudit {
				flag.Why = "the extension pgaudit is not on this machine"
			}
		case strings.HasPrefix(name, "cloudsql."):
			flag.Why = "only Google's PostgreSQL has it"
		case strings.Contains(name, "."):
			flag.Why = "it belongs to an extension that is not loaded here"
		default:
			return nil, fmt.Errorf("PostgreSQL has no parameter %s; see https://cloud.google.com/sql/docs/postgres/flags", name)
		}
		flags = append(flags, flag)
	}
	return flags, nil
}

// needRestart says whether going from one set of flags to another needs one.
func (ps parameters) needRestart(before, after map[string]string) bool {
	names := maps.Clone(before)
	maps.Copy(names, after)
	for name := range names {
		if before[name] != after[name] && (ps[name] == "postmaster" || name == "cloudsql.enable_pgaudit") {
			return true
		}
	}
	return false
}

func isRefused(name string) bool {
	return slices.ContainsFunc(refused[:], func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return name == pattern || (wild && strings.HasPrefix(name, prefix))
	})
}

// auditable says whether the extension pgaudit is installed beside these programs.
func auditable(bin string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(bin), "lib", "pgaudit.so"))
	return err == nil
}

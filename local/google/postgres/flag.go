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

	"github.com/coditect-ai/license-platform/setting/sqlflag"
)

// Flag is one declared database flag and what became of it.
type Flag struct {
	Name, Value string
	// Applied is false for a flag that this PostgreSQL does not have; Why then
	// says why.
	Applied bool
	Why     string
}

// parameters are the settings that a PostgreSQL has, by their names in lower case, with
// what a change needs: "postmaster" is a restart.
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
			found[strings.ToLower(fields[0])] = fields[1]
		}
	}
	return found, nil
}

// applicable says for every declared flag whether it applies here, by name.
func (ps parameters) applicable(declared map[string]string, hasAudit bool) ([]Flag, error) {
	var flags []Flag
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		flag := Flag{Name: name, Value: declared[name]}
		_, known := ps[strings.ToLower(name)]
		if why, allowed := sqlflag.Check(name, flag.Value); why != "" {
			return nil, fmt.Errorf("the database flag %s = %s %s; allowed: %s", name, flag.Value, why, allowed)
		}
		switch {
		case known, strings.HasPrefix(name, "pgaudit.") && hasAudit:
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
			flag.Why = "the PostgreSQL of this machine is of another version, which has no such parameter"
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
		if before[name] != after[name] && (ps[strings.ToLower(name)] == "postmaster" || name == "cloudsql.enable_pgaudit") {
			return true
		}
	}
	return false
}

// auditable says whether the extension pgaudit is installed beside these programs.
func auditable(bin string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(bin), "lib", "pgaudit.so"))
	return err == nil
}

package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// programs is where Debian and Ubuntu keep one folder per major version.
const programs = "/usr/lib/postgresql/*/bin"

var errNotInstalled = errors.New("PostgreSQL's server is not on this machine: install the package 'postgresql' (apt-get install -y postgresql)")

// Installed returns nil when PostgreSQL's server programs are on this machine,
// else one sentence that says which package brings them.
func Installed() error {
	_, err := find(programs, "")
	return err
}

// find returns the folder of the newest installed version's programs, or of the
// given major version's, which data made by it needs.
func find(pattern, major string) (string, error) {
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	best, newest := "", -1
	for _, folder := range folders {
		name := filepath.Base(filepath.Dir(folder))
		version, err := strconv.Atoi(name)
		if err != nil || (major != "" && name != major) || !hasServer(folder) {
			continue
		}
		if version > newest {
			best, newest = folder, version
		}
	}
	if best == "" && major != "" {
		return "", fmt.Errorf("the data was made by PostgreSQL %s, which is not on this machine: install the package 'postgresql-%s', or remove the data", major, major)
	}
	if best == "" {
		return "", errNotInstalled
	}
	return best, nil
}

func hasServer(folder string) bool {
	for _, program := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}

// majorOf returns the major version that created a data directory, "" when there is no
// data yet.
func majorOf(data string) string {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

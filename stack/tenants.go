package stack

import (
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

const (
	// maxVariable is how long one variable of a process's environment may be, its name and
	// the byte at its end included: with a longer one no process starts
	// (https://man7.org/linux/man-pages/man2/execve.2.html, "Limits on size of arguments and
	// environment").
	maxVariable = 32 * 4096
	// longestTenantID is a display name, a hyphen and five characters
	// (https://cloud.google.com/identity-platform/docs/multi-tenancy-quickstart).
	longestTenantID = 26
)

// validateTenants checks that all tenants and licences fit into the migration's
// environment.
func (s Settings) validateTenants() (ps setting.Problems) {
	encoded, err := encodeTenants(s.Identity.Tenants, func(string) string { return strings.Repeat("x", longestTenantID) })
	if most := maxVariable - len("TENANTS=") - 1; err == nil && len(encoded) > most {
		ps.Add("identity.tenants", len(s.Identity.Tenants), fmt.Sprintf("are with their licences %d bytes of the migration's environment, which takes %d", len(encoded), most),
			"fewer licences here, and the others through the API (docs/api.md)")
	}
	return ps
}

package daemon

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

// Declared is how many resources of a layer the program declares.
func (s Status) Declared(number int) (count int) {
	for typ, n := range s.Resources {
		if layer.Of(typ) == number {
			count += n
		}
	}
	return count
}

// lockdownRule is the name that the program gives to the rule of a lockdown.
const lockdownRule = "armor-lockdown"

// notices reports a lockdown, which it knows by the lockdown's Cloud Armor rule.
func (d *Daemon) notices() []string {
	for _, r := range d.store.List(gcp.TypeSecurityPolicyRule) {
		if strings.HasSuffix(r.URN, "::"+lockdownRule) {
			return []string{"locked down: the license host is refused at the edge, sign-in and signing are suspended; an update without platform.lockdown ends it"}
		}
	}
	return nil
}

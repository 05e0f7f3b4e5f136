package daemon

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
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

// lockedDown knows a lockdown by its Cloud Armor rule.
func (d *Daemon) lockedDown() bool {
	return slices.ContainsFunc(d.store.List(gcp.TypeSecurityPolicyRule), func(r store.Resource) bool {
		return strings.HasSuffix(r.URN, "::"+lockdownRule)
	})
}

// notices reports a lockdown.
func (d *Daemon) notices() []string {
	if d.lockedDown() {
		return []string{"locked down: the license host is refused at the edge, sign-in and signing are suspended; an update without platform.lockdown ends it"}
	}
	return nil
}

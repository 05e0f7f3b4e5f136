package daemon

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/google/caller"
	"github.com/coditect-ai/license-platform/local/google/iam"
	"github.com/coditect-ai/license-platform/local/google/secretmanager"
)

// authorized admits callers that have an access token of the metadata server and a declared
// grant. It writes every call of such a caller into the audit trail, also a refused one. scope
// is one that the service accepts besides the scope for all of Google Cloud.
//
// There is no other access to the services' APIs. Only the daemon itself, which plays
// Google's part, calls the services' methods in its own process.
func (d *Daemon) authorized(service string, need func(request any) (iam.Need, error), scope ...string) grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(
		caller.Authenticate(d.caller, append(scope, caller.Platform)...),
		d.audited(service),
		caller.Authorize(need, d.allows, d.refused),
	)
}

// caller is whom the metadata server gave the token to.
func (d *Daemon) caller(token string) (caller.Identity, bool) {
	access, known := d.metadata.Access(token)
	return caller.Identity{Member: access.Member, Scopes: access.Scopes}, known
}

// allows reports whether the declared grants allow what is needed.
func (d *Daemon) allows(member string, need iam.Need) bool {
	return iam.Allows(grants(d.store), member, need.Permission, need.On)
}

// grants are those that are declared on the project, on keys and on secrets.
func grants(from *store.Store) (all []iam.Grant) {
	for _, r := range from.List(gcp.TypeProjectMember, gcp.TypeCryptoKeyMember, gcp.TypeSecretMember) {
		grant := provider.Properties(r.Outputs)
		on := "projects/" + grant.Text("project")
		switch r.Type {
		case gcp.TypeCryptoKeyMember:
			on = grant.Text("cryptoKeyId")
		case gcp.TypeSecretMember: // takes the bare id, too
			id := grant.Text("secretId")
			on += "/secrets/" + id[strings.LastIndex(id, "/")+1:]
			if strings.Contains(id, "/") {
				on = id
			}
		}
		all = append(all, iam.Grant{On: on, Role: grant.Text("role"), Member: grant.Text("member"), Condition: grant.Text("condition.expression")})
	}
	return all
}

func secretNeeds() secretmanager.Needs { return secretmanager.Needs{Number: gcp.ProjectNumber} }

// Refusal is a call that IAM did not allow.
type Refusal struct {
	Time time.Time `json:"time"`
	// Text names the account, the permission and the resource.
	Text string `json:"text"`
}

// maxRefusals bounds what is kept of them.
const maxRefusals = 50

// refusals are the latest, each once with its latest time.
type refusals struct {
	mu  sync.Mutex
	all []Refusal
}

// refused remembers a refusal.
func (d *Daemon) refused(member string, need iam.Need) {
	d.log.Warn("IAM refuses a call", "member", member, "permission", need.Permission, "resource", need.On.Name)
	d.refusals.add(lacks(member, need))
}

func (r *refusals) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(known Refusal) bool { return known.Text == text })
	r.all = append(r.all, Refusal{Time: time.Now(), Text: text})
	r.all = slices.Clone(r.all[max(0, len(r.all)-maxRefusals):])
}

// latest are the newest first.
func (r *refusals) latest() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := slices.Clone(r.all)
	slices.Reverse(newest)
	return newest
}

// lacks says which permission the member does not have.
func lacks(member string, need iam.Need) string {
	return fmt.Sprintf("%s has no permission %s on %s", member, need.Permission, need.On.Name)
}

package ingresscontroller

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// sslCertificate is what Google makes of a ManagedCertificate.
type sslCertificate struct {
	// name is "mcrt-" and a random UUID: the controller's own, not the object's.
	name string
	// domains it is valid for; other domains cause a new certificate, which is
	// provisioned again.
	domains []string
	// since is when it began to provision.
	since time.Time
	// gone says that its ManagedCertificate was deleted.
	gone bool
}

// certificates attaches ManagedCertificates to an Ingress as GKE's controller
// does (GoogleCloudPlatform/gke-managed-certs, pkg/controller/sync/sync.go):
//   - while one that the Ingress lists is missing, nothing is attached or detached;
//   - what is attached stays when the Ingress no longer lists it, and goes only
//     with its ManagedCertificate;
//   - the order is that of the generated names, so that any can be the first, the
//     one for clients that name no host.
//
// Attached certificates are remembered while the embedded cloud runs; after a restart
// they are those that the Ingress lists.
type certificates struct {
	provision time.Duration
	now       func() time.Time

	all      map[string]*sslCertificate // by the ManagedCertificate's "namespace/name"
	attached map[string]bool            // by the same
	of       string                     // the Ingress
}

func newCertificates(provision time.Duration, now func() time.Time) *certificates {
	return &certificates{provision: provision, now: now, all: map[string]*sslCertificate{}, attached: map[string]bool{}}
}

// follow issues and renews the certificates of the declared ManagedCertificates, and
// updates their status.
func (c *certificates) follow(declared map[string]managedCertificate) {
	for id, certificate := range declared {
		domains := slices.Sorted(slices.Values(certificate.Spec.Domains))
		known := c.all[id]
		if known == nil || known.gone {
			// The object's UID is as random, and a restart finds the same name again.
			seed := cmp.Or(string(certificate.UID), id)
			known = &sslCertificate{name: "mcrt-" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(seed)).String(), since: c.now()}
			c.all[id] = known
		}
		if known.domains != nil && !slices.Equal(known.domains, domains) {
			known.since = c.now()
		}
		known.domains = domains
	}
	for id, known := range c.all {
		if _, there := declared[id]; !there {
			known.gone = true
		}
	}
}

// attach brings the Ingress in step with the ManagedCertificates that it lists and
// returns what it has then. The note says what keeps it from that.
func (c *certificates) attach(ingress string, listed []string) (served []loadbalancer.Certificate, note string) {
	if c.of != ingress {
		c.of, c.attached = ingress, map[string]bool{}
	}
	var missing []string
	for _, id := range listed {
		if known := c.all[id]; known == nil || known.gone {
			missing = append(missing, fmt.Sprintf("%q", id))
		}
	}
	if len(missing) > 0 {
		note = fmt.Sprintf("could not find ManagedCertificate %s, which the annotation %s lists: until it is there, or off the list, no certificate is attached or detached",
			strings.Join(missing, ", "), annotationCertificates)
	} else {
		for id, known := range c.all {
			if known.gone {
				delete(c.attached, id)
				delete(c.all, id)
			}
		}
		for _, id := range listed {
			c.attached[id] = true
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(c.attached), func(a, b string) int { return strings.Compare(c.all[a].name, c.all[b].name) }) {
		one := c.all[id]
		served = append(served, loadbalancer.Certificate{Name: one.name, Domains: one.domains, Provisioning: c.remaining(one) > 0})
	}
	return served, note
}

// remaining is how long the certificate still provisions.
func (c *certificates) remaining(one *sslCertificate) time.Duration {
	return c.provision - c.now().Sub(one.since)
}

// due tells whether a certificate that is served as provisioning is there by now.
func (c *certificates) due(served []loadbalancer.Certificate) bool {
	for id := range c.attached {
		one := c.all[id]
		if c.remaining(one) <= 0 && slices.ContainsFunc(served, func(s loadbalancer.Certificate) bool { return s.Name == one.name && s.Provisioning }) {
			return true
		}
	}
	return false
}

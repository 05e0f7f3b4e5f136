package loadbalancer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Issue makes a certificate that is valid for the names and addresses, for
// example from the embedded cloud's own authority.
type Issue func(names []string, addresses []netip.Addr) (tls.Certificate, error)

// certificates are what the TLS front end presents, the primary one first.
type certificates []*tls.Certificate

// issued makes the certificates of a configuration and reuses those that were
// made for the same names before, so that an update is quick. Each is valid for
// the load balancer's own address too: clients on this machine dial that.
func (f *LoadBalancer) issued(wanted []Certificate) (certificates, error) {
	address := []netip.Addr{f.address.Addr()}
	var all certificates
	for _, want := range wanted {
		if want.Provisioning {
			continue
		}
		names := slices.Sorted(slices.Values(want.Domains))
		key := strings.Join(names, ",")
		if f.certificates[key] == nil {
			made, err := f.options.Issue(want.Domains, address)
			if err != nil {
				return nil, fmt.Errorf("issue certificate %q for %v: %w", want.Name, want.Domains, err)
			}
			f.certificates[key] = &made
		}
		all = append(all, f.certificates[key])
	}
	return all, nil
}

// Reissue issues every certificate again, and serves the new ones from then on.
func (f *LoadBalancer) Reissue() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.certificates
	f.certificates = map[string]*tls.Certificate{}
	err := f.update(f.current.Load().config)
	if err != nil {
		f.certificates = before
	}
	return err
}

// choose picks by SNI; a client that names no host or an unknown one gets the
// primary certificate, as at Google's front ends.
func (c certificates) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(c) == 0 {
		return nil, errors.New("the load balancer has no certificate: no synced Ingress names one, or all of them provision")
	}
	for _, one := range c {
		if hello.SupportsCertificate(one) == nil {
			return one, nil
		}
	}
	return c[0], nil
}

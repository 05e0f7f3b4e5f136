package certificate

import (
	"crypto/tls"
	"net/netip"
	"sync"
	"time"
)

// renewBefore is how long before its end a served certificate is replaced.
const renewBefore = 30 * 24 * time.Hour

// ServerConfig returns a TLS configuration (TLS 1.2 or later, HTTP/2 and
// HTTP/1.1) that serves a certificate for these names and addresses and renews
// it by itself before it ends.
func (a *Authority) ServerConfig(names []string, ips []netip.Addr) (*tls.Config, error) {
	first, err := a.Issue(names, ips)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	current := &first
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			mu.Lock()
			defer mu.Unlock()
			if time.Until(current.Leaf.NotAfter) > renewBefore {
				return current, nil
			}
			next, err := a.Issue(names, ips)
			if err != nil {
				return nil, err
			}
			current = &next
			return current, nil
		},
	}, nil
}

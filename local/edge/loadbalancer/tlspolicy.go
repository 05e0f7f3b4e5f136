package loadbalancer

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// TLSPolicy is an SSL policy
// (https://cloud.google.com/load-balancing/docs/ssl-policies-concepts). The zero
// value is what a target proxy without a policy does: COMPATIBLE from TLS 1.0.
type TLSPolicy struct {
	// Profile is COMPATIBLE, MODERN, RESTRICTED or CUSTOM.
	Profile string
	// MinVersion is TLS_1_0, TLS_1_1, TLS_1_2 or TLS_1_3.
	MinVersion string
	// CustomFeatures are the cipher suites of the profile CUSTOM, by IANA name.
	CustomFeatures []string
}

// settings turns the policy into the fields of a tls.Config. TLS 1.3 is offered
// with every profile; its suites cannot be chosen.
func (p TLSPolicy) settings() (*tls.Config, error) {
	versions := map[string]uint16{
		"": tls.VersionTLS10, "TLS_1_0": tls.VersionTLS10, "TLS_1_1": tls.VersionTLS11,
		"TLS_1_2": tls.VersionTLS12, "TLS_1_3": tls.VersionTLS13,
	}
	version, known := versions[p.MinVersion]
	if !known {
		return nil, fmt.Errorf("SSL policy: minimum version %q is unknown; allowed are TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3", p.MinVersion)
	}
	names, err := p.suites()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: version}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if slices.Contains(names, suite.Name) {
			c.CipherSuites = append(c.CipherSuites, suite.ID)
		}
	}
	if len(c.CipherSuites) == 0 {
		return nil, fmt.Errorf("SSL policy: none of the cipher suites %v is known", names)
	}
	return c, nil
}

// suites follows the table of features of each profile in the page cited at
// TLSPolicy; suites that Go does not implement are left out by settings.
func (p TLSPolicy) suites() ([]string, error) {
	restricted := strings.Fields(`
		TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
		TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
		TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256`)
	modern := append(slices.Clone(restricted), strings.Fields(`
		TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
		TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA`)...)
	switch p.Profile {
	case "RESTRICTED":
		return restricted, nil
	case "MODERN":
		return modern, nil
	case "", "COMPATIBLE":
		return append(modern, strings.Fields(`
			TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_GCM_SHA384
			TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA`)...), nil
	case "CUSTOM":
		return p.CustomFeatures, nil
	default:
		return nil, fmt.Errorf("SSL policy: profile %q is unknown; allowed are COMPATIBLE, MODERN, RESTRICTED, CUSTOM", p.Profile)
	}
}

package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// CommonName verifies a server by the authorities in roots and by the common name of
// its certificate, for example "project:instance". The certificate of a Cloud SQL
// instance whose authority is its own, the default, has no other name and no address;
// crypto/tls reads alternative names only. Google's own connector compares it likewise
// (https://github.com/GoogleCloudPlatform/cloud-sql-go-connector/blob/v1.26.0/internal/cloudsql/tls_verify.go).
func CommonName(roots *x509.CertPool, name string) *tls.Config {
	return &tls.Config{
		RootCAs: roots, MinVersion: tls.VersionTLS12,
		// crypto/tls cannot leave out the alternative names alone, so its check is off as a
		// whole and VerifyConnection, which runs in every handshake, makes it: chain, time,
		// use for servers, and the common name.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the database shows no certificate")
			}
			server, others := state.PeerCertificates[0], x509.NewCertPool()
			for _, each := range state.PeerCertificates[1:] {
				others.AddCert(each)
			}
			if _, err := server.Verify(x509.VerifyOptions{Roots: roots, Intermediates: others}); err != nil {
				return fmt.Errorf("verify the database's certificate: %w", err)
			}
			if server.Subject.CommonName != name {
				return fmt.Errorf("the database's certificate is for %q, not for %q", server.Subject.CommonName, name)
			}
			return nil
		},
	}
}

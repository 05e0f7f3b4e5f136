// Package apptest starts, for tests, what the service depends on: a real PostgreSQL
// and a real Redis with TLS on loopback, and stand-ins for Cloud KMS, Secret Manager,
// Identity Platform's key set, Cloud SQL and the metadata server over their own
// protocols.
package apptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority is a CA for one test that certifies itself.
type authority struct {
	// CA is the PEM that clients trust.
	CA          string
	certFile    string
	keyFile     string
	pair        tls.Certificate
	certificate *x509.Certificate
}

// newAuthority makes an authority for 127.0.0.1 and the given DNS names.
func newAuthority(tb testing.TB, dir string, names ...string) authority {
	tb.Helper()
	return makeAuthority(tb, dir, &x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: names})
}

// newNamedAuthority makes an authority that has no name but its subject's, as a Cloud
// SQL instance's certificate.
func newNamedAuthority(tb testing.TB, dir, name string) authority {
	tb.Helper()
	return makeAuthority(tb, dir, &x509.Certificate{Subject: pkix.Name{CommonName: name}})
}

func makeAuthority(tb testing.TB, dir string, template *x509.Certificate) authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IsCA, template.BasicConstraintsValid = true, true
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(tb, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	pair, err := tls.X509KeyPair(cert, keyPEM)
	require.NoError(tb, err)
	a := authority{CA: string(cert), certFile: filepath.Join(dir, "server.crt"), keyFile: filepath.Join(dir, "server.key"), pair: pair, certificate: pair.Leaf}
	require.NoError(tb, os.WriteFile(a.certFile, cert, 0o600))
	require.NoError(tb, os.WriteFile(a.keyFile, keyPEM, 0o600))
	return a
}

// issue makes a server's certificate that has no name but its subject's.
func (a authority) issue(tb testing.TB, name string) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.pair.PrivateKey)
	require.NoError(tb, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// certify makes a client's certificate for a time and returns its PEM.
func (a authority) certify(key crypto.PublicKey, serial int64, lifetime time.Duration) (string, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Google Cloud SQL Client"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key, a.pair.PrivateKey)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

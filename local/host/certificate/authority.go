// Package certificate is the embedded cloud's certificate authority: every
// service of the embedded cloud speaks TLS with a certificate from it.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/coditect-ai/license-platform/local/host/file"
)

const (
	// authorityLifetime is long because the authority is made once per clone.
	authorityLifetime = 10 * 365 * 24 * time.Hour
	// leafLifetime stays below the 398 days that clients accept at most
	// (CA/Browser Forum Baseline Requirements, section 6.3.2).
	leafLifetime = 397 * 24 * time.Hour
	// clockSkew lets a certificate be used after the machine's clock was set back, as
	// it is when the right time is learned late, or a local time was taken for UTC.
	clockSkew = 24 * time.Hour
)

// Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	path        string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	encoded     []byte
}

// LoadOrCreate opens the authority kept in dir (ca.pem, and ca.key with mode
// 0600), or makes a new one with an ECDSA P-256 key when there is none. An
// expired, damaged or half-present authority is an error that says which file
// is at fault.
func LoadOrCreate(dir string) (*Authority, error) {
	return LoadOrCreateNamed(dir, "license-platform local CA")
}

// LoadOrCreateNamed is LoadOrCreate for an authority whose subject is name.
func LoadOrCreateNamed(dir, name string) (*Authority, error) {
	certPath, keyPath := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	_, err := os.Stat(certPath)
	if errors.Is(err, fs.ErrNotExist) {
		return create(dir, name, certPath, keyPath)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the local certificate authority: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(certPath, keyPath)
	if err != nil {
		return nil, fmt.Errorf("load the local certificate authority from %s: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key in %s is a %T; the local certificate authority has an ECDSA key", keyPath, pair.PrivateKey)
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the local certificate authority %s expired on %s; remove it and it is made anew", certPath, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &Authority{path: certPath, certificate: pair.Leaf, key: key, encoded: encodeCertificate(pair.Leaf.Raw)}, nil
}

func create(dir, name, certPath, keyPath string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the certificate authority's folder: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the certificate authority's key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{"license-platform embedded cloud"}},
		NotBefore:             time.Now().Add(-clockSkew),
		NotAfter:              time.Now().Add(authorityLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate authority: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the certificate authority: %w", err)
	}
	encodedKey, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	// The certificate comes last: it is what says that an authority exists.
	if err := file.Replace(keyPath, encodedKey, 0o600); err != nil {
		return nil, err
	}
	if err := file.Replace(certPath, encodeCertificate(der), 0o644); err != nil {
		return nil, err
	}
	return &Authority{path: certPath, certificate: parsed, key: key, encoded: encodeCertificate(der)}, nil
}

// Issue signs a server certificate with a new ECDSA P-256 key for these DNS
// names and addresses. It has no common name: clients read the alternative
// names only. It is valid for 397 days, or as long as the authority itself when
// that is shorter. At least one name or address is needed.
func (a *Authority) Issue(names []string, ips []netip.Addr) (tls.Certificate, error) {
	return a.IssueFor(leafLifetime-2*clockSkew, names, ips)
}

// IssueFor is Issue for a certificate that is valid for another time, from now on.
func (a *Authority) IssueFor(lifetime time.Duration, names []string, ips []netip.Addr) (tls.Certificate, error) {
	if len(names)+len(ips) == 0 {
		return tls.Certificate{}, errors.New("a certificate needs at least one DNS name or address")
	}
	template := &x509.Certificate{DNSNames: names}
	for _, ip := range ips {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	made, err := a.sign(lifetime, template)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("issue the certificate for %v %v: %w", names, ips, err)
	}
	return made, nil
}

// IssueNamed signs a server certificate as Issue does, with a common name in its subject.
// Without addresses it has no other name: no client can verify it by an address or a
// host.
func (a *Authority) IssueNamed(name string, ips ...netip.Addr) (tls.Certificate, error) {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}}
	for _, ip := range ips {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	made, err := a.sign(leafLifetime-2*clockSkew, template)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("issue the certificate of %s: %w", name, err)
	}
	return made, nil
}

// sign completes the template and signs it for a certificate that is valid for so
// long.
func (a *Authority) sign(lifetime time.Duration, template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate's key: %w", err)
	}
	if template.SerialNumber, err = serialNumber(); err != nil {
		return tls.Certificate{}, err
	}
	template.NotBefore = time.Now().Add(-clockSkew)
	template.NotAfter = earlier(time.Now().Add(lifetime), a.certificate.NotAfter)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign it: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read it back: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// PEM returns the authority's own certificate, what a client has to trust.
func (a *Authority) PEM() string { return string(a.encoded) }

// Path returns the file that holds PEM.
func (a *Authority) Path() string { return a.path }

// Pool returns a new pool that holds only this authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Encode renders a certificate that Issue returned as two PEM documents: the
// chain, leaf first, and the private key (PKCS#8).
func Encode(certificate tls.Certificate) (chain, key []byte, err error) {
	for _, der := range certificate.Certificate {
		chain = append(chain, encodeCertificate(der)...)
	}
	private, ok := certificate.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("encode a certificate's key: it is a %T, only ECDSA keys are issued here", certificate.PrivateKey)
	}
	key, err = encodeKey(private)
	return chain, key, err
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// serialNumber is random with 127 bits, so two never meet.
func serialNumber() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw a certificate's serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

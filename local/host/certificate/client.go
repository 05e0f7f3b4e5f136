package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// Certify signs a client's certificate for the client's own public key, with this
// subject, and returns its PEM. It is valid until then, or as long as the authority
// itself when that is shorter, and for clients only.
func (a *Authority) Certify(key crypto.PublicKey, subject pkix.Name, until time.Time) (string, error) {
	der, err := a.certify(key, subject, until)
	return string(encodeCertificate(der)), err
}

// IssueClient signs a client's certificate with a new ECDSA P-256 key, whose common name
// is name, for so long from now.
func (a *Authority) IssueClient(name string, lifetime time.Duration) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate's key: %w", err)
	}
	der, err := a.certify(key.Public(), pkix.Name{CommonName: name}, time.Now().Add(lifetime))
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func (a *Authority) certify(key crypto.PublicKey, subject pkix.Name, until time.Time) ([]byte, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: time.Now().Add(-clockSkew), NotAfter: earlier(until, a.certificate.NotAfter),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of the client %s: %w", subject, err)
	}
	return der, nil
}

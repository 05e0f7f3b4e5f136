package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/certificate"
)

func TestAClientsCertificateIsForClientsOnlyAndForItsTime(t *testing.T) {
	t.Parallel()
	authority, err := certificate.LoadOrCreate(t.TempDir())
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	until := time.Now().Add(time.Hour)
	text, err := authority.Certify(key.Public(), pkix.Name{CommonName: "ada", OrganizationalUnit: []string{"IAM"}}, until)
	require.NoError(t, err)
	block, _ := pem.Decode([]byte(text))
	require.NotNil(t, block)
	signed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.Equal(t, "ada", signed.Subject.CommonName)
	assert.WithinDuration(t, until, signed.NotAfter, time.Second)
	assert.True(t, key.PublicKey.Equal(signed.PublicKey))
	verify := func(usage x509.ExtKeyUsage, at time.Time) error {
		_, err := signed.Verify(x509.VerifyOptions{Roots: authority.Pool(), KeyUsages: []x509.ExtKeyUsage{usage}, CurrentTime: at})
		return err
	}
	require.NoError(t, verify(x509.ExtKeyUsageClientAuth, time.Now()))
	require.Error(t, verify(x509.ExtKeyUsageServerAuth, time.Now()))
	require.ErrorContains(t, verify(x509.ExtKeyUsageClientAuth, until.Add(time.Minute)), "expired")

	own, err := authority.IssueClient("bob", time.Minute)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	require.NoError(t, err)
	assert.Equal(t, "bob", leaf.Subject.CommonName)
	assert.WithinDuration(t, time.Now().Add(time.Minute), leaf.NotAfter, 30*time.Second)
}

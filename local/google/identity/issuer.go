// Package identity is Identity Platform on this machine: tenants, and ID tokens
// of the real shape with the keys that verify them.
package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/host/file"
)

// keyBits is the size of the keys that sign Google's ID tokens.
const keyBits = 2048

// Issuer is safe for concurrent use, and its folder can be read by several
// processes at once.
type Issuer struct {
	dir string
	key *rsa.PrivateKey
	kid string
	now func() time.Time

	mu sync.Mutex // one change of the tenants' file at a time
}

// Open reads the signing key (RSA-2048, 0600) in dir, or creates it.
func Open(dir string) (*Issuer, error) {
	path := filepath.Join(dir, "key.pem")
	encoded, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		encoded, err = createKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the local token issuer: %w", err)
	}
	key, err := parseKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("the local token issuer's key %s is damaged: %w", path, err)
	}
	// The key's id depends on the key only, so it is the same in every process.
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &Issuer{dir: dir, key: key, kid: hex.EncodeToString(sum[:20]), now: time.Now}, nil
}

func createKey(path string) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return encoded, file.Replace(path, encoded, 0o600)
}

func parseKey(encoded []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(encoded)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it is not PKCS#8: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, not an RSA key", parsed)
	}
	return key, nil
}

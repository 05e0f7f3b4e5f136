package kms

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"hash/crc32"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// scheme is how an algorithm signs.
type scheme struct {
	bits int
	hash crypto.Hash
}

// schemes are the signing algorithms that exist here.
func schemes() map[kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm]scheme {
	return map[kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm]scheme{
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256: {2048, crypto.SHA256},
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_3072_SHA256: {3072, crypto.SHA256},
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA256: {4096, crypto.SHA256},
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA512: {4096, crypto.SHA512},
	}
}

// pairFor makes a PKCS#8 private key for a signing algorithm; a symmetric key
// has none, as nothing is encrypted with it here.
func (s *Service) pairFor(ctx context.Context, algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) ([]byte, error) {
	scheme, signs := schemes()[algorithm]
	if !signs {
		return nil, nil
	}
	if scheme.bits == spareBits {
		return s.spares.take(ctx)
	}
	return generate(scheme.bits)
}

// generate makes an RSA key pair in PKCS#8.
func generate(bits int) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "make an RSA key of %d bits: %v", bits, err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "encode an RSA key: %v", err)
	}
	return encoded, nil
}

// pair returns the version and its key pair, which has to be enabled.
func (s *Service) pair(name string) (Version, *rsa.PrivateKey, error) {
	k, index, err := s.snapshot().version(name)
	if err != nil {
		return Version{}, nil, err
	}
	v := k.version(index)
	if k.Key.Purpose != kmspb.CryptoKey_ASYMMETRIC_SIGN {
		return Version{}, nil, status.Errorf(codes.FailedPrecondition, "The CryptoKey of %s has purpose %s, which has no public key and signs nothing.", name, k.Key.Purpose)
	}
	if v.State != kmspb.CryptoKeyVersion_ENABLED {
		return Version{}, nil, status.Errorf(codes.FailedPrecondition, "%s is not enabled, current state is: %s.", name, v.State)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(k.Versions[index].Private)
	key, isRSA := parsed.(*rsa.PrivateKey)
	if err != nil || !isRSA {
		return Version{}, nil, status.Errorf(codes.Internal, "the key pair of %s is damaged: %v", name, err)
	}
	return v, key, nil
}

// sign signs the digest, whose length has to be the algorithm's.
func (s *Service) sign(name string, digest *kmspb.Digest) (Version, []byte, error) {
	v, key, err := s.pair(name)
	if err != nil {
		return Version{}, nil, err
	}
	hash := schemes()[v.Algorithm].hash
	sum := map[crypto.Hash][]byte{crypto.SHA256: digest.GetSha256(), crypto.SHA512: digest.GetSha512()}[hash]
	if len(sum) != hash.Size() {
		return Version{}, nil, status.Errorf(codes.InvalidArgument, "%s signs with %s: the digest must be a %s of %d bytes.", name, v.Algorithm, hash, hash.Size())
	}
	signature, err := rsa.SignPKCS1v15(nil, key, hash, sum)
	if err != nil {
		return Version{}, nil, status.Errorf(codes.Internal, "sign with %s: %v", name, err)
	}
	return v, signature, nil
}

// publicPEM renders the public half as the API does (PKIX, "PUBLIC KEY").
func publicPEM(key *rsa.PrivateKey) (string, error) {
	encoded, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", status.Errorf(codes.Internal, "encode a public key: %v", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded})), nil
}

// PublicKey returns the PEM public key of an enabled asymmetric version.
func (s *Service) PublicKey(version string) (string, error) {
	_, key, err := s.pair(version)
	if err != nil {
		return "", err
	}
	return publicPEM(key)
}

// checksum is the CRC32C (Castagnoli) that the API guards its messages with.
func checksum(data []byte) int64 {
	return int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

package image

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// PushOptions say where to.
type PushOptions struct {
	// Repository is where the image goes, without tag or digest, for example
	// us-central1-docker.pkg.dev/PROJECT/REPOSITORY/license-api.
	Repository string
	// CA is a PEM certificate to trust for the registry besides the system's.
	CA string
	// Keychain finds the credentials; anonymous when nil.
	Keychain authn.Keychain
}

// Reference returns REPOSITORY@sha256:… without touching the network, what Push
// will return.
func Reference(repository string, img v1.Image) (string, error) {
	reference, err := referenceTo(repository, img)
	if err != nil {
		return "", err
	}
	return reference.String(), nil
}

func referenceTo(repository string, img v1.Image) (name.Digest, error) {
	digest, err := Digest(img)
	if err != nil {
		return name.Digest{}, err
	}
	parsed, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return name.Digest{}, fmt.Errorf("the image's repository %q is not HOST/PROJECT/REPOSITORY/NAME: %w", repository, err)
	}
	return parsed.Digest(digest), nil
}

// Push uploads the image unless the registry has it already, and returns the
// reference by digest, REPOSITORY@sha256:….
func Push(ctx context.Context, options PushOptions, img v1.Image) (string, error) {
	reference, err := referenceTo(options.Repository, img)
	if err != nil {
		return "", err
	}
	client, err := clientTransport(options.CA)
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	keychain := options.Keychain
	if keychain == nil {
		keychain = authn.NewMultiKeychain()
	}
	settings := []remote.Option{remote.WithContext(ctx), remote.WithTransport(client), remote.WithAuthFromKeychain(keychain)}
	_, err = remote.Head(reference, settings...)
	if err == nil {
		return reference.String(), nil
	}
	failure := (*transport.Error)(nil)
	if !errors.As(err, &failure) || failure.StatusCode != http.StatusNotFound {
		return "", fmt.Errorf("ask for the image %s: %w", reference, err)
	}
	if err := remote.Write(reference, img, settings...); err != nil {
		return "", fmt.Errorf("push the image %s: %w", reference, err)
	}
	return reference.String(), nil
}

// clientTransport trusts the system's authorities and the given one.
func clientTransport(ca string) (*http.Transport, error) {
	base, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("the registry library's transport is a %T", remote.DefaultTransport)
	}
	client := base.Clone()
	if ca == "" {
		return client, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("the registry's CA holds no PEM certificate")
	}
	client.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return client, nil
}

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
	// Tag is put on the image, and taken from the one that had it; "" puts none.
	Tag string
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

// Push uploads the image unless the registry has it already, tags it, and returns
// the reference by digest, REPOSITORY@sha256:….
func Push(ctx context.Context, options PushOptions, img v1.Image) (string, error) {
	reference, err := referenceTo(options.Repository, img)
	if err != nil {
		return "", err
	}
	return reference.String(), options.with(ctx, func(settings []remote.Option) error {
		return publish(reference, options.Tag, settings, func() error { return remote.Write(reference, img, settings...) })
	})
}

// Copy makes the image that from names by digest, HOST/PATH@sha256:…, one of the
// repository, unless that has it already, tags it, and returns its reference there.
func Copy(ctx context.Context, options PushOptions, from string) (string, error) {
	source, err := name.NewDigest(from, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("%q is not an image by digest, HOST/PATH@sha256:…: %w", from, err)
	}
	repository, err := name.NewRepository(options.Repository, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("the image's repository %q is not HOST/PROJECT/REPOSITORY/NAME: %w", options.Repository, err)
	}
	reference := repository.Digest(source.DigestStr())
	return reference.String(), options.with(ctx, func(settings []remote.Option) error {
		return publish(reference, options.Tag, settings, func() error {
			found, err := remote.Get(source, settings...)
			if err != nil {
				return fmt.Errorf("read the image %s: %w", source, err)
			}
			if found.MediaType.IsIndex() {
				index, err := found.ImageIndex()
				if err != nil {
					return fmt.Errorf("read the image %s: %w", source, err)
				}
				return remote.WriteIndex(reference, index, settings...)
			}
			img, err := found.Image()
			if err != nil {
				return fmt.Errorf("read the image %s: %w", source, err)
			}
			return remote.Write(reference, img, settings...)
		})
	})
}

// publish writes the image, unless it is there, and tags it.
func publish(reference name.Digest, tag string, settings []remote.Option, write func() error) error {
	_, err := remote.Head(reference, settings...)
	if failure := (*transport.Error)(nil); errors.As(err, &failure) && failure.StatusCode == http.StatusNotFound {
		err = write()
		if err != nil {
			return fmt.Errorf("push the image %s: %w", reference, err)
		}
	}
	if err != nil {
		return fmt.Errorf("ask for the image %s: %w", reference, err)
	}
	if tag == "" {
		return nil
	}
	present, err := remote.Get(reference, settings...)
	if err != nil {
		return fmt.Errorf("read the image %s: %w", reference, err)
	}
	if err := remote.Tag(reference.Tag(tag), present, settings...); err != nil {
		return fmt.Errorf("tag the image %s as %s: %w", reference, tag, err)
	}
	return nil
}

// with calls a function with what a client of the registry needs.
func (o PushOptions) with(ctx context.Context, call func([]remote.Option) error) error {
	client, err := clientTransport(o.CA)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	keychain := o.Keychain
	if keychain == nil {
		keychain = authn.NewMultiKeychain()
	}
	return call([]remote.Option{remote.WithContext(ctx), remote.WithTransport(client), remote.WithAuthFromKeychain(keychain)})
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

// Package image makes the license API's container image in process, without
// Docker: the same source gives the same digest on every machine.
package image

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Options say what to build.
type Options struct {
	// SourceDir is the Go module's root.
	SourceDir string
	// Package is the program, "./app/cmd/license-api" when empty.
	Package string
	// Platform is os/architecture, "linux/amd64" when empty; linux/arm64 too.
	Platform string
	// Version becomes the label org.opencontainers.image.version when not empty.
	Version string
}

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

var errNotBuilt = errors.New("not built yet")

// Build compiles the program and returns its image. It never touches the network.
func Build(ctx context.Context, options Options) (v1.Image, error) { return nil, errNotBuilt }

// Digest returns the image's digest, sha256:….
func Digest(img v1.Image) (string, error) { return "", errNotBuilt }

// Push uploads the image unless the registry has it already, and returns the
// reference by digest, REPOSITORY@sha256:….
func Push(ctx context.Context, options PushOptions, img v1.Image) (string, error) {
	return "", errNotBuilt
}

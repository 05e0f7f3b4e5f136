// Package image makes the license API's container image in process, without
// Docker: the same source, built by the same release of Go, gives the same
// digest on every machine.
package image

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// DefaultPackage is the program that is built when Options names none.
	DefaultPackage = "./app/cmd/license-api"
	// DefaultPlatform is what it is built for when Options names none.
	DefaultPlatform = "linux/amd64"
	// Entrypoint is the program's path in the image.
	Entrypoint = "/license-api"
	// User is who the program runs as: the number is that of "nonroot" in
	// distroless images.
	User = "65532:65532"
)

// epoch is the time of everything in the image: a real one would change the
// digest with every build.
var epoch = time.Unix(0, 0).UTC()

// Options say what to build.
type Options struct {
	// SourceDir is the Go module's root.
	SourceDir string
	// Package is the program, DefaultPackage when empty.
	Package string
	// Platform is linux/amd64 or linux/arm64, DefaultPlatform when empty.
	Platform string
	// Version becomes the label org.opencontainers.image.version when not empty.
	Version string
}

// Build compiles the program and returns its image. It talks to no registry, so
// a preview can use it; the go command fetches modules only when its own cache
// lacks them.
func Build(ctx context.Context, options Options) (v1.Image, error) {
	platform, err := parsePlatform(options.Platform)
	if err != nil {
		return nil, err
	}
	program, err := compile(ctx, options, platform)
	if err != nil {
		return nil, err
	}
	layer, err := layerOf(rootFiles(program))
	if err != nil {
		return nil, err
	}
	return assemble(layer, platform, options.Version)
}

// Digest returns the image's digest, sha256:….
func Digest(img v1.Image) (string, error) {
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("compute the image's digest: %w", err)
	}
	return digest.String(), nil
}

// assemble makes an OCI image of one layer.
func assemble(layer v1.Layer, platform v1.Platform, version string) (v1.Image, error) {
	img, err := mutate.Append(
		mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
		mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "license-platform app/image"}},
	)
	if err != nil {
		return nil, fmt.Errorf("add the image's layer: %w", err)
	}
	current, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the image's configuration: %w", err)
	}
	config := current.DeepCopy()
	config.Created = v1.Time{Time: epoch}
	config.OS, config.Architecture = platform.OS, platform.Architecture
	config.Config = v1.Config{
		User:         User,
		Entrypoint:   []string{Entrypoint},
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"8000/tcp": {}, "9090/tcp": {}},
		Labels:       labels(version),
	}
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	return img, nil
}

func labels(version string) map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":       "license-api",
		"org.opencontainers.image.description": "Floating licences for the Coditect IDE",
		"org.opencontainers.image.source":      "https://github.com/coditect-ai/license-platform",
	}
	if version != "" {
		all["org.opencontainers.image.version"] = version
	}
	return all
}

// errPlatform lists what can be built.
var errPlatform = errors.New("the image's platform must be linux/amd64 or linux/arm64")

func parsePlatform(text string) (v1.Platform, error) {
	if text == "" {
		text = DefaultPlatform
	}
	switch text {
	case "linux/amd64":
		return v1.Platform{OS: "linux", Architecture: "amd64"}, nil
	case "linux/arm64":
		return v1.Platform{OS: "linux", Architecture: "arm64"}, nil
	default:
		return v1.Platform{}, fmt.Errorf("%w; it is %q", errPlatform, text)
	}
}

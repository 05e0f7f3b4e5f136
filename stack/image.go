package stack

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/google"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/app/image"
)

// imageName is the API's image in its repository.
const imageName = "license-api"

// Images makes the license API's image and publishes it.
type Images interface {
	// Digest returns the image's digest, sha256:…, without touching the network.
	Digest(ctx context.Context, platform string) (string, error)
	// Push publishes the image of this platform in a repository,
	// HOST/PROJECT/REPOSITORY/NAME, unless it is there already. The registry's
	// certificate is verified with ca, PEM, or with the system's roots without.
	Push(ctx context.Context, platform, repository, ca string) error
}

// Source makes the image from the module's source code.
type Source struct {
	// Dir is the module's root.
	Dir string

	mu    sync.Mutex
	built map[string]v1.Image
}

var _ Images = (*Source)(nil)

// Digest implements Images.
func (s *Source) Digest(ctx context.Context, platform string) (string, error) {
	img, err := s.build(ctx, platform)
	if err != nil {
		return "", err
	}
	return image.Digest(img)
}

// Push implements Images. Google's registries are logged in to with the caller's
// Google credentials, others with those of Docker's configuration.
func (s *Source) Push(ctx context.Context, platform, repository, ca string) error {
	img, err := s.build(ctx, platform)
	if err != nil {
		return err
	}
	_, err = image.Push(ctx, image.PushOptions{
		Repository: repository,
		CA:         ca,
		Keychain:   authn.NewMultiKeychain(google.Keychain, authn.DefaultKeychain),
	}, img)
	return err
}

// build compiles once per platform.
func (s *Source) build(ctx context.Context, platform string) (v1.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if img, done := s.built[platform]; done {
		return img, nil
	}
	img, err := image.Build(ctx, image.Options{SourceDir: s.Dir, Platform: platform})
	if err != nil {
		return nil, fmt.Errorf("build the license API's image from %s: %w", s.Dir, err)
	}
	if s.built == nil {
		s.built = map[string]v1.Image{}
	}
	s.built[platform] = img
	return img, nil
}

// apiImage returns the reference by digest that pods run. A preview computes it
// and nothing more; an update also publishes the image, once the repository
// exists. Publishing is no resource: an image is named by its content, so there
// is nothing to update and nothing that a destroy should take away.
func (p Program) apiImage(ctx *pulumi.Context, s Settings, repository pulumi.StringOutput) (pulumi.StringOutput, error) {
	if s.API.Image != "" {
		return pulumi.String(s.API.Image).ToStringOutput(), nil
	}
	platform := s.API.BuildPlatform()
	digest, err := p.images.Digest(ctx.Context(), platform)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("make the license API's image: %w", err)
	}
	return repository.ApplyTWithContext(ctx.Context(), func(ctx2 context.Context, repository string) (string, error) {
		path := s.imagePath(repository)
		if !ctx.DryRun() {
			if err := p.images.Push(ctx2, platform, path, s.Endpoints.CA); err != nil {
				return "", fmt.Errorf("publish the license API's image in %s: %w", path, err)
			}
		}
		return path + "@" + digest, nil
	}).(pulumi.StringOutput), nil
}

// imagePath is where the image is published.
func (s Settings) imagePath(repository string) string {
	return fmt.Sprintf("%s/%s/%s/%s", s.registry(), s.Platform.Project, repository, imageName)
}

// imagePattern covers every digest of the image, and nothing else.
func (s Settings) imagePattern(repository pulumi.StringOutput) pulumi.StringOutput {
	return repository.ApplyT(func(repository string) string {
		path, _, given := strings.Cut(s.API.Image, "@")
		if !given {
			path = s.imagePath(repository)
		}
		return path + "@sha256:*"
	}).(pulumi.StringOutput)
}

// registry is the host of the image's registry.
func (s Settings) registry() string {
	if s.Endpoints.Given() {
		return s.Endpoints.Registry
	}
	return s.Platform.Region + "-docker.pkg.dev"
}

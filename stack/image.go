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
	"github.com/coditect-ai/license-platform/data"
)

// imageName is the API's image in its repository.
const imageName = "license-api"

// Images makes the license API's image and publishes it.
type Images interface {
	// Digest returns the image's digest, sha256:…, without touching the network.
	Digest(ctx context.Context, platform string) (string, error)
	// Push publishes the image of this platform, unless it is there already.
	Push(ctx context.Context, platform string, to Place) error
	// Copy publishes an image that is elsewhere, HOST/PATH@sha256:….
	Copy(ctx context.Context, from string, to Place) error
}

// Place is where an image is published, and what marks it there.
type Place struct {
	// Repository is HOST/PROJECT/REPOSITORY/NAME.
	Repository string
	// CA verifies the registry's certificate, PEM, in addition to the system's roots.
	CA string
	// Tag moves to the image. The registry keeps what has a tag of a stack.
	Tag string
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

// Push implements Images. The caller's Google credentials are used for Google's
// registries, and Docker's configuration for others.
func (s *Source) Push(ctx context.Context, platform string, to Place) error {
	img, err := s.build(ctx, platform)
	if err != nil {
		return err
	}
	_, err = image.Push(ctx, to.options(), img)
	return err
}

// Copy implements Images.
func (s *Source) Copy(ctx context.Context, from string, to Place) error {
	_, err := image.Copy(ctx, to.options(), from)
	return err
}

func (p Place) options() image.PushOptions {
	return image.PushOptions{
		Repository: p.Repository, CA: p.CA, Tag: p.Tag,
		Keychain: authn.NewMultiKeychain(google.Keychain, authn.DefaultKeychain),
	}
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

// apiImage returns the reference by digest that pods run. A preview computes it and
// nothing more; an update also publishes the image in the stack's own repository, once
// that exists: the one that is built, or a copy of the one that the settings name.
// Publishing is not a resource: an image is named by its content, so there is nothing to
// update, and a destroy should not delete it.
func (p Program) apiImage(ctx *pulumi.Context, s Settings, repository pulumi.StringOutput) (pulumi.StringOutput, error) {
	platform := s.API.BuildPlatform()
	_, digest, given := strings.Cut(s.API.Image, "@")
	if !given {
		var err error
		if digest, err = p.images.Digest(ctx.Context(), platform); err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("make the license API's image: %w", err)
		}
	}
	return repository.ApplyTWithContext(ctx.Context(), func(ctx2 context.Context, repository string) (string, error) {
		to := Place{Repository: s.imagePath(repository), CA: s.Endpoints.CA, Tag: data.NextTag + ctx.Stack()}
		if ctx.DryRun() {
			return to.Repository + "@" + digest, nil
		}
		publish := func() error { return p.images.Push(ctx2, platform, to) }
		if given {
			publish = func() error { return p.images.Copy(ctx2, s.API.Image, to) }
		}
		if err := publish(); err != nil {
			return "", fmt.Errorf("publish the license API's image in %s: %w", to.Repository, err)
		}
		return to.Repository + "@" + digest, nil
	}).(pulumi.StringOutput), nil
}

// keepImage returns the image's reference once its pods run, and marks the image
// as the one that the stack runs. Until then the mark stays on the image before:
// an update that fails leaves its pods running.
func (p Program) keepImage(ctx *pulumi.Context, s Settings, reference, pods pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.All(reference, pods).ApplyTWithContext(ctx.Context(), func(ctx2 context.Context, known []any) (string, error) {
		image, _ := known[0].(string)
		if ctx.DryRun() {
			return image, nil
		}
		path, _, _ := strings.Cut(image, "@")
		if err := p.images.Copy(ctx2, image, Place{Repository: path, CA: s.Endpoints.CA, Tag: data.RunsTag + ctx.Stack()}); err != nil {
			return "", fmt.Errorf("mark the license API's image as the one that runs: %w", err)
		}
		return image, nil
	}).(pulumi.StringOutput)
}

// imagePath is where the image is published.
func (s Settings) imagePath(repository string) string {
	return fmt.Sprintf("%s/%s/%s/%s", s.registry(), s.Platform.Project, repository, imageName)
}

// imagePattern covers every digest of the image, and nothing else.
func (s Settings) imagePattern(repository pulumi.StringOutput) pulumi.StringOutput {
	return repository.ApplyT(func(repository string) string { return s.imagePath(repository) + "@sha256:*" }).(pulumi.StringOutput)
}

// registry is the host of the image's registry.
func (s Settings) registry() string {
	if s.Endpoints.Given() {
		return s.Endpoints.Registry
	}
	return s.Platform.Region + "-docker.pkg.dev"
}

package image

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// tags leave out what the service never uses and always carries. gRPC's pages for
// tracing requests bring in html/template, which calls methods by name, so that the
// linker has to keep every method of the whole program: a third of its size
// (pkg.go.dev/google.golang.org/grpc#EnableTracing). And HTTP/2 of net/http: the load
// balancer talks HTTP/1.1, and gRPC has an HTTP/2 of its own.
const tags = "grpcnotrace,nethttpomithttp2"

// compile builds the program without anything that differs between machines:
// no C, no paths, no build id, no version control, one instruction set.
func compile(ctx context.Context, options Options, platform v1.Platform) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(options.SourceDir, "go.mod")); err != nil {
		return nil, fmt.Errorf("build the image: %q is not the root of a Go module: %w", options.SourceDir, err)
	}
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("build the image: the go command is needed on PATH: %w", err)
	}
	folder, err := os.MkdirTemp("", "license-image-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder to build the image in: %w; set TMPDIR to a folder that can be written", err)
	}
	defer os.RemoveAll(folder)
	program := options.Package
	if program == "" {
		program = DefaultPackage
	}
	target := filepath.Join(folder, "program")
	cmd := exec.CommandContext(ctx, goCommand, "build", "-trimpath", "-buildvcs=false", "-tags="+tags, "-ldflags=-s -w -buildid=", "-o", target, program)
	cmd.Dir = options.SourceDir
	cmd.Env = append(
		os.Environ(),
		"CGO_ENABLED=0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off", "PWD="+options.SourceDir,
	)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("compile %s in %s: %w\n%s", program, options.SourceDir, err, bytes.TrimSpace(output.Bytes()))
	}
	content, err := os.ReadFile(target)
	if err != nil {
		return nil, fmt.Errorf("read the compiled program: %w", err)
	}
	return content, nil
}

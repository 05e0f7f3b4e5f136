package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/output"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_OF_LICENSE") == "main" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// license runs the program.
func license(ctx context.Context, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	return licenseUntil(ctx, nil, environment, in, arguments...)
}

// licenseUntil is license with a second interrupt, when again is closed.
func licenseUntil(ctx context.Context, again <-chan struct{}, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	stdout, stderr := &output.Text{}, &output.Text{}
	err = run(ctx, arguments, process{env: func(name string) string { return environment[name] }, in: strings.NewReader(in), out: stdout, err: stderr, again: again})
	return stdout.String(), stderr.String(), err
}

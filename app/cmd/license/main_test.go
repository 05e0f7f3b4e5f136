package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_OF_LICENSE") == "main" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// text is an output that several goroutines write.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(content []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(content)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// license runs the program.
func license(ctx context.Context, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	return licenseUntil(ctx, nil, environment, in, arguments...)
}

// licenseUntil is license with a second interrupt, when again is closed.
func licenseUntil(ctx context.Context, again <-chan struct{}, environment map[string]string, in string, arguments ...string) (out, errors string, err error) {
	stdout, stderr := &text{}, &text{}
	err = run(ctx, arguments, world{env: func(name string) string { return environment[name] }, in: strings.NewReader(in), out: stdout, err: stderr, again: again})
	return stdout.String(), stderr.String(), err
}

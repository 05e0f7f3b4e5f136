// Package toolchain finds the programs that the embedded cloud needs on this
// machine, and gets those that are missing.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/blang/semver"
)

// Version is the Pulumi CLI that belongs to the SDK in go.mod. Another 3.x from
// this one on is as good.
const Version = "3.250.0"

// cliPackage is the program as tools/go.mod pins it.
const cliPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

// Pulumi finds a fitting Pulumi CLI: the one in PATH, else one in the user's
// cache, else it builds that one from tools/go.mod below root. Progress is told
// to say; building takes minutes, once per machine.
func Pulumi(ctx context.Context, root string, say func(string)) (CLI, error) {
	if path, err := exec.LookPath("pulumi"); err == nil {
		if version, ok := fits(ctx, path); ok {
			return CLI{path, version}, nil
		}
		say("the pulumi in PATH is not 3.x from " + Version + " on, so it is left alone")
	}
	home, err := cache()
	if err != nil {
		return CLI{}, err
	}
	binary := filepath.Join(home, "bin", "pulumi")
	if version, ok := fits(ctx, binary); ok {
		return CLI{binary, version}, nil
	}
	if err := build(ctx, root, binary, say); err != nil {
		return CLI{}, err
	}
	return CLI{binary, semver.MustParse(Version)}, nil
}

// cache is the folder of this version of the CLI. It outlives `down` and serves
// every clone of the project.
func cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache folder for the Pulumi CLI: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "license-platform", "pulumi-v"+Version), nil
}

// fits says whether path is a Pulumi CLI of a version that fits, and which.
func fits(ctx context.Context, path string) (semver.Version, bool) {
	check := exec.CommandContext(ctx, path, "version")
	check.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	output, err := check.Output()
	if err != nil {
		return semver.Version{}, false
	}
	return fitting(strings.TrimSpace(string(output)))
}

func fitting(text string) (semver.Version, bool) {
	version, err := semver.ParseTolerant(text)
	if err != nil {
		return version, false
	}
	wanted := semver.MustParse(Version)
	return version, version.Major == wanted.Major && version.GTE(wanted)
}

// build compiles the CLI. The version has to be stamped: without it the
// Automation API refuses the binary, and destroy and refresh fail.
func build(ctx context.Context, root, binary string, say func(string)) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("the Pulumi CLI is missing and there is no go in PATH to build it: install Go 1.26, or Pulumi " + Version + " from https://www.pulumi.com/docs/install")
	}
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return fmt.Errorf("make the cache folder of the Pulumi CLI: %w; set XDG_CACHE_HOME to a folder that can be written", err)
	}
	lock, err := os.OpenFile(binary+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("lock the cache folder: %w", err)
	}
	defer func() {
		_ = syscall.Flock(int(lock.Fd()), syscall.LOCK_UN) // a child that is just being started has the file open, too
		_ = lock.Close()
	}()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the cache folder: %w", err)
	}
	if _, built := fits(ctx, binary); built { // by someone else meanwhile
		return nil
	}
	say("building the Pulumi CLI " + Version + " from tools/go.mod, once per machine: minutes on a slow one")
	made := binary + ".new"
	dir := filepath.Join(root, "tools")
	environment := append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	total, err := packages(ctx, goTool, dir, environment, cliPackage)
	if err != nil {
		return fmt.Errorf("build the Pulumi CLI: %w", err)
	}
	told := &compilation{say: say, of: total, now: time.Now, told: time.Now()}
	compile := exec.CommandContext(ctx, goTool, "build", "-v", "-trimpath",
		"-ldflags", "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v"+Version,
		"-o", made, cliPackage)
	compile.Dir, compile.Env = dir, environment
	compile.Stderr = told
	if err := compile.Run(); err != nil {
		if removed := os.Remove(made); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
		return fmt.Errorf("build the Pulumi CLI: %w\n%s", err, told.words())
	}
	if err := os.Rename(made, binary); err != nil {
		return fmt.Errorf("put the Pulumi CLI into the cache: %w", err)
	}
	if _, ok := fits(ctx, binary); !ok {
		return fmt.Errorf("the Pulumi CLI that was built (%s) does not say that it is %s", binary, Version)
	}
	return nil
}

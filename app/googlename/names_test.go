package googlename_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/googlename"
)

// lookup builds a program as the image's is built, without C.
func lookup(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "lookup")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/lookup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}

// in runs the program in an image that holds it and these files, and nothing else.
func in(t *testing.T, program string, files map[string]string, arguments ...string) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.Link(program, filepath.Join(root, "program"))) // a copy could still be open where another test forks
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))  //nolint:gosec // as in an image
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644)) //nolint:gosec // as in an image
	}
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	command := exec.CommandContext(ctx, "/program", arguments...)
	command.Path, command.Dir, command.Env = "/program", "/", []string{}
	command.SysProcAttr = &syscall.SysProcAttr{
		Chroot: root, Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	said, err := command.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skipf("this machine refuses namespaces: %v", err)
	}
	require.NoError(t, err, string(said))
	return string(said)
}

func TestAStaticProgramFindsGoogleWhereThePodsHostAliasesLead(t *testing.T) {
	t.Parallel()
	program := lookup(t)
	addresses := []string{"199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"}
	hosts := "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n\n# Entries added by HostAliases.\n"
	for _, address := range addresses {
		hosts += address + "\t" + strings.Join(googlename.Serve(), "\t") + "\n"
	}
	for name, files := range map[string]map[string]string{
		"in an image without nsswitch.conf": {"etc/hosts": hosts},
		"in an image like the API's":        {"etc/hosts": hosts, "etc/nsswitch.conf": "hosts: files dns\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, host := range googlename.Serve() {
				assert.Equal(t, addresses, strings.Fields(in(t, program, files, host)), host)
			}
		})
	}
}

func TestTheMigrationCallsNothingThatTheAPIDoesNot(t *testing.T) {
	t.Parallel()
	assert.Subset(t, googlename.Serve(), googlename.Migrate())
}

package toolchain

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestMain makes this executable a plugin of a version, too.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "pulumi-resource-gcp" {
		os.Exit(m.Run())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, versioned{})
	_ = server.Serve(listener)
}

type versioned struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func (versioned) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "v7.38.0"}, nil
}

func TestThePluginsAreThoseOfTheSDKsThatAProgramIsBuiltWith(t *testing.T) {
	t.Parallel()
	program := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/pulumi/pulumi/sdk/v3", Version: "v3.250.0"},
		{Path: "github.com/pulumi/pulumi-gcp/sdk/v7", Version: "v7.38.0"},
		{Path: "github.com/pulumi/pulumi-kubernetes/sdk/v4", Version: "v4.33.0"},
		{Path: "github.com/pulumi/appdash", Version: "v0.1.0"},
	}}
	assert.Equal(t, []Plugin{{Name: "gcp", Version: "7.38.0"}, {Name: "kubernetes", Version: "4.33.0"}}, Wanted(program))
}

// machine has a Pulumi home and a PATH of its own, both empty.
func machine(t *testing.T) (home, path string) {
	t.Helper()
	home, path = t.TempDir(), t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	t.Setenv("PATH", path)
	return home, path
}

func place(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/true\n"), mode))
}

func TestMissingPluginsAreNamedWithTheirCommands(t *testing.T) {
	home, _ := machine(t)
	wanted := []Plugin{{Name: "gcp", Version: "7.38.0"}, {Name: "kubernetes", Version: "4.33.0"}}
	_, err := Plugins(t.Context(), wanted)
	var missing *MissingError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, wanted, missing.Plugins)
	assert.EqualError(t, err, "missing on this machine: the Pulumi plugin gcp v7.38.0 and the plugin kubernetes v4.33.0; "+
		"install with: pulumi plugin install resource gcp v7.38.0 && pulumi plugin install resource kubernetes v4.33.0")

	place(t, filepath.Join(home, "plugins", "resource-gcp-v7.37.0", "pulumi-resource-gcp"), 0o755)
	place(t, filepath.Join(home, "plugins", "resource-gcp-v7.38.0", "pulumi-resource-gcp"), 0o644)
	_, err = Plugins(t.Context(), wanted[:1])
	require.ErrorContains(t, err, "gcp v7.38.0", "another version, or half an installation, is not the plugin")
}

func TestAnInstalledPluginIsFound(t *testing.T) {
	home, _ := machine(t)
	path := filepath.Join(home, "plugins", "resource-gcp-v7.38.0", "pulumi-resource-gcp")
	place(t, path, 0o755)
	found, err := Plugins(t.Context(), []Plugin{{Name: "gcp", Version: "7.38.0"}})
	require.NoError(t, err)
	assert.Equal(t, []Plugin{{Name: "gcp", Version: "7.38.0", Path: path}}, found)
}

func TestAPluginInPathIsAskedForItsVersion(t *testing.T) {
	_, path := machine(t)
	executable, err := os.Executable()
	require.NoError(t, err)
	link := filepath.Join(path, "pulumi-resource-gcp")
	require.NoError(t, os.Symlink(executable, link))

	found, err := Plugins(t.Context(), []Plugin{{Name: "gcp", Version: "7.38.0"}})
	require.NoError(t, err)
	assert.Equal(t, link, found[0].Path)
	_, err = Plugins(t.Context(), []Plugin{{Name: "gcp", Version: "7.39.0"}})
	require.ErrorContains(t, err, "the Pulumi plugin gcp v7.39.0 ("+link+" is v7.38.0); install with: pulumi plugin install resource gcp v7.39.0")

	require.NoError(t, os.Remove(link))
	place(t, link, 0o755)
	_, err = Plugins(t.Context(), []Plugin{{Name: "gcp", Version: "7.38.0"}})
	require.ErrorContains(t, err, link+" does not say its version: it prints no port")
}

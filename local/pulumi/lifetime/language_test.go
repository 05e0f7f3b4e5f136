package lifetime_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// languagePlugin is what `pulumi import` starts beside the providers. It comes with Pulumi's
// release, and not with the CLI that the embedded cloud compiles, which runs programs in process.
const languagePlugin = "pulumi-language-go"

// language says that the program needs nothing, which is all that an import asks.
type language struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
}

// GetRequiredPackages implements pulumirpc.LanguageRuntimeServer.
func (language) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// GetPluginInfo implements pulumirpc.LanguageRuntimeServer.
func (language) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "0.0.0"}, nil
}

// speakLanguage serves the engine, which reads the port and ends the process.
func speakLanguage() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, language{})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// withLanguage makes this executable the language plugin of what the test starts.
func withLanguage(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(folder, languagePlugin)))
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

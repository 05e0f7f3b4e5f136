package toolchain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// startTimeout is how long a plugin may take to start and to say its version.
const startTimeout = 30 * time.Second

// versionOf asks the plugin itself: the name of an executable says nothing about
// its version. A plugin prints the port that it serves on loopback; without the
// address of an engine it waits for one
// (https://www.pulumi.com/docs/iac/packages-and-automation/pulumi-packages/debugging-provider-packages/).
func versionOf(ctx context.Context, path string) (version string, err error) {
	ctx, end := context.WithTimeout(ctx, startTimeout)
	defer end()
	plugin := exec.CommandContext(ctx, path)
	plugin.Cancel = func() error { return plugin.Process.Signal(os.Interrupt) }
	plugin.WaitDelay = 5 * time.Second
	output, err := plugin.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := plugin.Start(); err != nil {
		return "", err
	}
	defer func() {
		end()
		_ = plugin.Wait() // it was interrupted
	}()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("it prints no port: %w", err)
	}
	port, err := strconv.ParseUint(strings.TrimSpace(line), 10, 16)
	if err != nil {
		return "", errors.New("it prints no port")
	}
	conn, err := grpc.NewClient(net.JoinHostPort("127.0.0.1", strconv.FormatUint(port, 10)), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // nothing is under way
	info, err := pulumirpc.NewResourceProviderClient(conn).GetPluginInfo(ctx, &emptypb.Empty{}, grpc.WaitForReady(true))
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(info.GetVersion(), "v"), nil
}

package realpreview_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/local/realpreview"
)

// TestMain makes this executable a provider plugin, and a program that runs
// alone, too.
func TestMain(m *testing.M) {
	switch {
	case filepath.Base(os.Args[0]) == "pulumi-resource-gcp":
		if err := servePlugin(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == "alone":
		lookAround()
	default:
		goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon")) // the SDK's log
	}
}

// lookAround tells what a program that runs alone can reach.
func lookAround() {
	if err := realpreview.Loopback(); err != nil {
		fmt.Println("loopback:", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		_, err = net.Dial("tcp", listener.Addr().String())
	}
	fmt.Println("loopback:", err)
	_, err = net.Dial("tcp", "192.0.2.1:443")
	fmt.Println("beyond:", err)
	fmt.Println("key:", os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"), "home:", os.Getenv("HOME") != "")
}

// plugin does what the Google provider does: it calls Google over HTTPS, with
// the proxy and the roots of its environment.
type plugin struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func servePlugin() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, plugin{})
	return server.Serve(listener)
}

func get(url string) (map[string]any, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, content)
	}
	var body map[string]any
	return body, json.Unmarshal(content, &body)
}

func (plugin) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "7.38.0"}, nil
}

func (plugin) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

func (plugin) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	who, err := get("https://openidconnect.googleapis.com/v1/userinfo")
	if err == nil && who["email"] != "nobody@example.com" {
		err = fmt.Errorf("this is somebody: %v", who)
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, err
}

// Invoke looks a network up.
func (plugin) Invoke(_ context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	found, err := get("https://compute.googleapis.com/compute/beta/projects/p/global/networks/" + r.GetArgs().GetFields()["name"].GetStringValue())
	if err != nil {
		return nil, err
	}
	answer, err := structpb.NewStruct(map[string]any{"name": found["name"]})
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

// Check refuses a size over 10, and calls Google when it is 9.
func (plugin) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	answer := &pulumirpc.CheckResponse{Inputs: r.GetNews()}
	switch size := r.GetNews().GetFields()["size"].GetNumberValue(); {
	case size > 10:
		answer.Failures = []*pulumirpc.CheckFailure{{Property: "size", Reason: "expected size to be at most 10"}}
	case size == 9:
		if _, err := get("https://storage.googleapis.com/storage/v1/b/bucket"); err == nil || !strings.Contains(err.Error(), "no call leaves this machine") {
			return nil, fmt.Errorf("Google answered: %w", err)
		}
	}
	return answer, nil
}

func (plugin) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if !r.GetPreview() {
		return nil, fmt.Errorf("create %s: this is to be a preview", r.GetUrn())
	}
	return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, nil
}

func (plugin) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// beThePlugin makes a folder with this executable as the plugin.
func beThePlugin(t *testing.T) string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pulumi-resource-gcp")
	if err := os.Symlink(executable, path); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(path); err != nil {
		t.Fatal(err)
	}
	return path
}

package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestMain lets this executable be two more programs: Pulumi's host for Go programs,
// which starts a compiled one, and a program that stands for the compiled stack.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "pulumi-language-go":
		if err := serveHost(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "license-platform":
		pulumi.Run(declare)
	default:
		os.Exit(m.Run())
	}
}

// declare is a stack of few parts. The variable PARTS says what is in it.
func declare(ctx *pulumi.Context) error {
	var platform struct {
		Project string `json:"project"`
	}
	if err := json.Unmarshal([]byte(os.Getenv("PULUMI_CONFIG")), &map[string]string{}); err != nil {
		return fmt.Errorf("read the stack's file: %w", err)
	}
	text, _ := ctx.GetConfig("license-platform:platform")
	if err := json.Unmarshal([]byte(text), &platform); err != nil {
		return fmt.Errorf("read the setting platform: %w", err)
	}
	for i := range len(os.Getenv("PARTS")) {
		part := &pulumi.ResourceState{}
		inputs := pulumi.Map{"project": pulumi.String(platform.Project), "secret": pulumi.ToSecret(pulumi.String("hush-" + ctx.Stack()))}
		if err := ctx.RegisterResource("test:parts:Part", "part-"+strconv.Itoa(i), inputs, part); err != nil {
			return err
		}
	}
	ctx.Export("project", pulumi.String(platform.Project))
	ctx.Export("secret", pulumi.ToSecret(pulumi.String("hush-"+ctx.Stack())))
	return nil
}

// host starts the compiled program that Pulumi.yaml names, as Pulumi's own host
// does with the option "binary".
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

func serveHost() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port) // what the engine waits for
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, host{engine: os.Args[len(os.Args)-1]})
	return server.Serve(listener)
}

func (host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "3.250.0"}, nil
}

func (host) GetRequiredPlugins(context.Context, *pulumirpc.GetRequiredPluginsRequest) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

func (host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h host) Run(ctx context.Context, r *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	options := r.GetInfo().GetOptions().AsMap()
	binary, _ := options["binary"].(string)
	if binary == "" {
		return &pulumirpc.RunResponse{Error: "Pulumi.yaml names no compiled program: the pipeline would compile it here"}, nil
	}
	config, err := json.Marshal(r.GetConfig())
	if err != nil {
		return nil, err
	}
	program := exec.CommandContext(ctx, filepath.Join(r.GetInfo().GetRootDirectory(), binary))
	program.Dir = r.GetPwd()
	program.Stdout, program.Stderr = os.Stdout, os.Stderr
	program.Env = append(os.Environ(),
		"PULUMI_PROJECT="+r.GetProject(), "PULUMI_STACK="+r.GetStack(), "PULUMI_ORGANIZATION="+r.GetOrganization(),
		"PULUMI_CONFIG="+string(config), "PULUMI_DRY_RUN="+strconv.FormatBool(r.GetDryRun()),
		"PULUMI_PARALLEL="+strconv.Itoa(int(r.GetParallel())), "PULUMI_MONITOR="+r.GetMonitorAddress(), "PULUMI_ENGINE="+h.engine)
	if err := program.Run(); err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// Package plugintest stands in for the real provider plugins in tests. It starts as they
// do, and sends the same calls to Google, over HTTPS, with the proxy and the root
// certificates of its environment; it accepts nearly everything.
package plugintest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Called tells whether this executable was started as a plugin. A TestMain asks
// it before anything else, and then calls Serve.
func Called() bool { return strings.HasPrefix(filepath.Base(os.Args[0]), "pulumi-resource-") }

// Serve is the plugin, until the engine ends it.
func Serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port) // what the engine waits for
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, plugin{})
	return server.Serve(listener)
}

// Place puts this executable at path as a plugin.
func Place(t testing.TB, path string) {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.Symlink(executable, path))
}

type plugin struct {
	pulumirpc.UnimplementedResourceProviderServer
}

// GetPluginInfo implements pulumirpc.ResourceProviderServer.
func (plugin) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "7.38.0"}, nil
}

// CheckConfig implements pulumirpc.ResourceProviderServer.
func (plugin) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// Configure implements pulumirpc.ResourceProviderServer: it asks whose the
// credentials are.
func (plugin) Configure(ctx context.Context, _ *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	who, err := get(ctx, "https://openidconnect.googleapis.com/v1/userinfo")
	if err == nil && who["email"] != "nobody@example.com" {
		err = fmt.Errorf("the credentials belong to an account: %v", who)
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, err
}

// Check implements pulumirpc.ResourceProviderServer. It refuses a size over 10,
// and calls Google when it is 9.
func (plugin) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	answer := &pulumirpc.CheckResponse{Inputs: r.GetNews()}
	switch size := r.GetNews().GetFields()["size"].GetNumberValue(); {
	case size > 10:
		answer.Failures = []*pulumirpc.CheckFailure{{Property: "size", Reason: "expected size to be at most 10"}}
	case size == 9:
		if _, err := get(ctx, "https://storage.googleapis.com/storage/v1/b/bucket"); err == nil || !strings.Contains(err.Error(), "no call leaves this machine") {
			return nil, fmt.Errorf("the proxy did not refuse the call: %w", err)
		}
	}
	return answer, nil
}

// Create implements pulumirpc.ResourceProviderServer, for previews only.
func (plugin) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if !r.GetPreview() {
		return nil, fmt.Errorf("create %s: this was to be a preview", r.GetUrn())
	}
	return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, nil
}

// Invoke implements pulumirpc.ResourceProviderServer: it looks up what the
// program of the project does.
func (plugin) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if r.GetTok() == "gcp:projects/getIamPolicy:getIamPolicy" {
		return policy(ctx)
	}
	const compute, container = "https://compute.googleapis.com/compute/beta/projects/p/", "https://container.googleapis.com/v1beta1/projects/p/"
	place, known := map[string]string{
		"gcp:compute/getNetwork:getNetwork":             compute + "global/networks/",
		"gcp:compute/getSubnetwork:getSubnetwork":       compute + "regions/us-central1/subnetworks/",
		"gcp:compute/getAddresses:getAddresses":         compute + "aggregated/addresses",
		"gcp:compute/getGlobalAddress:getGlobalAddress": compute + "global/addresses/",
		"gcp:compute/getSSLPolicy:getSSLPolicy":         compute + "global/sslPolicies/",
		"gcp:container/getCluster:getCluster":           container + "locations/us-central1/clusters/",
		"gcp:kms/getKMSCryptoKey:getKMSCryptoKey":       "https://cloudkms.googleapis.com/v1/projects/p/locations/us-central1/keyRings/r/cryptoKeys/",
		"gcp:kms/getKMSKeyRing:getKMSKeyRing":           "https://cloudkms.googleapis.com/v1/projects/p/locations/us-central1/keyRings/",
		"gcp:logging/getSink:getSink":                   "https://logging.googleapis.com/v2/",
		"gcp:dns/getManagedZones:getManagedZones":       "https://dns.googleapis.com/dns/v1beta2/projects/p/managedZones",
	}[r.GetTok()]
	if !known {
		return nil, fmt.Errorf("no stand-in answers the look-up %s", r.GetTok())
	}
	args := r.GetArgs().GetFields()
	found, err := get(ctx, place+args["name"].GetStringValue()+args["id"].GetStringValue()) // a look-up has one of them
	if err != nil {
		return nil, err
	}
	asProvider(found)
	answer, err := structpb.NewStruct(found)
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

// policy looks up a project's IAM policy, which the provider hands on as JSON.
func policy(ctx context.Context) (*pulumirpc.InvokeResponse, error) {
	found, err := ask(ctx, http.MethodPost, "https://cloudresourcemanager.googleapis.com/v1/projects/p:getIamPolicy")
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	answer, err := structpb.NewStruct(map[string]any{"policyData": string(data)})
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

// asProvider calls things as the provider does where it differs from the API.
func asProvider(found map[string]any) {
	for object, list := range map[string]string{"masterAuth": "masterAuths", "networkPolicy": "networkPolicies", "workloadIdentityConfig": "workloadIdentityConfigs"} {
		if value, given := found[object]; given {
			found[list] = []any{value}
		}
	}
	if network, given := found["networkConfig"].(map[string]any); given {
		for _, key := range []string{"network", "subnetwork", "datapathProvider"} {
			found[key] = network[key]
		}
	}
	if monitoring, given := found["monitoringConfig"].(map[string]any); given {
		found["monitoringConfigs"] = []any{map[string]any{"managedPrometheuses": []any{monitoring["managedPrometheusConfig"]}}}
	}
	pools, _ := found["nodePools"].([]any)
	for _, item := range pools {
		pool, _ := item.(map[string]any)
		config, _ := pool["config"].(map[string]any)
		config["workloadMetadataConfigs"] = []any{config["workloadMetadataConfig"]}
		pool["nodeConfigs"] = []any{config}
	}
	if items, given := found["items"].(map[string]any); given {
		global, _ := items["global"].(map[string]any)
		found["addresses"] = global["addresses"]
	}
}

// Cancel implements pulumirpc.ResourceProviderServer.
func (plugin) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func get(ctx context.Context, url string) (map[string]any, error) {
	return ask(ctx, http.MethodGet, url)
}

func ask(ctx context.Context, method, url string) (map[string]any, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
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

package plans_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/k8s/customresource"
	"github.com/coditect-ai/license-platform/local/edge/cloudarmor"
	"github.com/coditect-ai/license-platform/local/google/redis"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// providers are both, over an empty cloud.
type providers map[string]*provider.Server

func newProviders(t *testing.T) providers {
	t.Helper()
	s := store.New()
	schemas, err := customresource.NewSchemas()
	require.NoError(t, err)
	google := &gcp.Cloud{Store: s, CheckRule: cloudarmor.CheckResource, CheckRedisConfigs: redis.CheckConfigs}
	cluster := &kubernetes.Cluster{Store: s, Schemas: schemas}
	return providers{
		"gcp":        provider.NewServer("gcp", "0.0.0", s, google.Kinds(), google.Functions()),
		"kubernetes": provider.NewServer("kubernetes", "0.0.0", s, cluster.Kinds(), nil),
	}
}

// refusals are the reasons why a plan would stop, each with the resource it is about.
func (p providers) refusals(t *testing.T, declared []plan.Resource) (reasons []string) {
	t.Helper()
	for _, r := range declared {
		name, _, _ := strings.Cut(r.Type, ":")
		server, ours := p[name]
		if !r.Custom || !ours {
			continue
		}
		response, err := server.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: r.URN, News: wire(t, r.Inputs()), RandomSeed: []byte("0123456789abcdef0123456789abcdef"),
		})
		require.NoError(t, err, r.URN)
		for _, failure := range response.GetFailures() {
			reasons = append(reasons, r.Type+" "+r.Name+": "+failure.GetProperty()+": "+failure.GetReason())
		}
	}
	return reasons
}

func wire(t *testing.T, values map[string]any) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepUnknowns: true})
	require.NoError(t, err)
	return encoded
}

// stacks are the plans of all stacks, by name.
func stacks(t *testing.T) map[string]*plan.Plan {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "Pulumi.*.yaml"))
	require.NoError(t, err)
	all := map[string]*plan.Plan{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		all[name], err = plan.Make(filepath.Dir(file), name)
		require.NoError(t, err)
		require.Greater(t, len(all[name].Resources), 100, "a stack declares more than that")
	}
	require.Contains(t, all, "prod")
	return all
}

func TestTheProvidersRefuseNothingThatAStackDeclares(t *testing.T) {
	t.Parallel()
	checks := newProviders(t)
	for name, made := range stacks(t) {
		assert.Empty(t, checks.refusals(t, made.Resources), name)
	}
}

func TestAPlanFailsWhereAProviderWouldRefuseIt(t *testing.T) {
	t.Parallel()
	checks := newProviders(t)
	made := stacks(t)["dev"]
	for what, c := range map[string]struct {
		typ, path string
		value     any
		reason    string
	}{
		"a value that is not in the provider's list": {"gcp:container/cluster:Cluster", "datapathProvider", "CILIUM", "datapathProvider"},
		"a required property that is left out":       {"gcp:compute/firewall:Firewall", "network", nil, "network"},
		"a number out of its range":                  {"gcp:sql/databaseInstance:DatabaseInstance", "settings.maintenanceWindow.day", 9, "day"},
		"a field that Kubernetes does not know":      {"kubernetes:apps/v1:Deployment", "spec.replica", 3, "replica"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			all := made.Of(c.typ)
			require.NotEmpty(t, all)
			broken, changed := all[0].With(c.path, c.value)
			require.True(t, changed)
			reasons := checks.refusals(t, []plan.Resource{broken})
			require.NotEmpty(t, reasons)
			assert.Contains(t, strings.Join(reasons, "\n"), c.reason)
		})
	}
}

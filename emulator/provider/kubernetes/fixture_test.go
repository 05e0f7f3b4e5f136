package kubernetes_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/k8s/customresource"
)

// fakeKubelet remembers what it was asked to run.
type fakeKubelet struct {
	replicas map[string]int32
	images   map[string]string
	jobs     []string
	failure  error
}

func (k *fakeKubelet) ApplyDeployment(_ context.Context, d *appsv1.Deployment) error {
	k.replicas[d.Name], k.images[d.Name] = *d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Image
	return nil
}
func (k *fakeKubelet) WaitDeployment(context.Context, string, string) error { return k.failure }

func (k *fakeKubelet) DeleteDeployment(_ context.Context, _, name string) error {
	delete(k.replicas, name)
	return nil
}

func (k *fakeKubelet) RunJob(_ context.Context, j *batchv1.Job) error {
	k.jobs = append(k.jobs, j.Name)
	return k.failure
}
func (k *fakeKubelet) DeleteJob(context.Context, string, string) error { return nil }

type cluster struct {
	t       *testing.T
	world   *kubernetes.Cluster
	server  *provider.Server
	store   *store.Store
	kubelet *fakeKubelet
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	s := store.New()
	require.NoError(t, s.Put(store.Resource{Type: kubernetes.TypeNamespace, ID: "app"}))
	schemas, err := customresource.NewSchemas()
	require.NoError(t, err)
	k := &fakeKubelet{replicas: map[string]int32{}, images: map[string]string{}}
	w := &kubernetes.Cluster{Store: s, Kubelet: k, Schemas: schemas, Edge: netip.MustParseAddr("127.0.0.1")}
	return &cluster{t: t, world: w, server: provider.NewServer("kubernetes", "0.0.0", s, w.Kinds(), nil), store: s, kubelet: k}
}

func (c *cluster) wire(values map[string]any) *structpb.Struct {
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepUnknowns: true})
	require.NoError(c.t, err)
	return encoded
}

func urn(typ string) string { return "urn:pulumi:local::license-platform::" + typ + "::it" }

func (c *cluster) create(typ string, object map[string]any) (provider.Properties, error) {
	response, err := c.server.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ), Properties: c.wire(object)})
	if err != nil {
		return nil, err
	}
	decoded, err := plugin.UnmarshalProperties(response.GetProperties(), plugin.MarshalOptions{})
	require.NoError(c.t, err)
	return decoded.Mappable(), nil
}

// object makes one with a name in the namespace app, and more fields.
func object(version, kind string, more map[string]any) map[string]any {
	made := map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": "it", "namespace": "app"}}
	maps.Copy(made, more)
	return made
}

// deployment is one that the API server takes; container and spec change it.
func deployment(container, spec map[string]any) map[string]any {
	one := map[string]any{"name": "api", "image": "127.77.8.13:5000/p/r/api@sha256:abc"}
	maps.Copy(one, container)
	whole := map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{"app": "api"}},
		"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": "api"}}, "spec": map[string]any{"containers": []any{one}}},
	}
	maps.Copy(whole, spec)
	return object("apps/v1", "Deployment", map[string]any{"spec": whole})
}

func ingress(annotations map[string]any, paths ...any) map[string]any {
	made := object("networking.k8s.io/v1", "Ingress", map[string]any{"spec": map[string]any{
		"rules": []any{map[string]any{"host": "example.com", "http": map[string]any{"paths": paths}}},
	}})
	made["metadata"].(map[string]any)["annotations"] = annotations
	return made
}

func path(pathType string) map[string]any {
	return map[string]any{"path": "/", "pathType": pathType, "backend": map[string]any{"service": map[string]any{"name": "api", "port": map[string]any{"number": 80}}}}
}

func TestTheAPIServerAssignsWhatIsNotDeclared(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	made, err := c.create(kubernetes.TypeService, object("v1", "Service", map[string]any{"spec": map[string]any{"ports": []any{map[string]any{"port": 80}}}}))
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f-]{36}$`, made.Text("metadata.uid"))
	assert.Equal(t, "1", made.Text("metadata.resourceVersion"))
	assert.NotEmpty(t, made.Text("metadata.creationTimestamp"))
	assert.Regexp(t, `^34\.118\.2\d\d\.\d+$`, made.Text("spec.clusterIP"))
	balanced, err := c.create(kubernetes.TypeIngress, ingress(map[string]any{"kubernetes.io/ingress.class": "gce"}, path("Prefix")))
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", balanced.Text("status.loadBalancer.ingress.0.ip"))
	_, err = c.create(kubernetes.TypeConfigMap, map[string]any{"metadata": map[string]any{"name": "x", "namespace": "none"}})
	require.ErrorContains(t, err, `namespaces "none" not found`)
}

func TestADeploymentRunsAndItsFailureNamesTheReason(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	_, err := c.create(kubernetes.TypeDeployment, deployment(nil, nil))
	require.NoError(t, err)
	assert.Equal(t, map[string]int32{"it": 1}, c.kubelet.replicas)
	_, err = c.create(kubernetes.TypeAutoscaler, object("autoscaling/v2", "HorizontalPodAutoscaler", map[string]any{"spec": map[string]any{
		"scaleTargetRef": map[string]any{"kind": "Deployment", "name": "it", "apiVersion": "apps/v1"}, "minReplicas": 3, "maxReplicas": 5,
	}}))
	require.NoError(t, err)
	assert.Equal(t, int32(3), c.kubelet.replicas["it"], "an autoscaler keeps its least number of pods")
	_, err = c.server.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: "app/it", Urn: urn(kubernetes.TypeDeployment)})
	require.NoError(t, err)
	assert.Empty(t, c.kubelet.replicas)

	c.kubelet.failure = errors.New("pod crashes: panic: no database")
	_, err = c.create(kubernetes.TypeDeployment, deployment(nil, nil))
	require.ErrorContains(t, err, "panic: no database")
	_, exists := c.store.Get(kubernetes.TypeDeployment, "app/it")
	assert.True(t, exists, "what was made is there for the next update")
}

func TestAnExistingObjectIsTakenOverOnlyWhenThatIsMeant(t *testing.T) {
	t.Parallel()
	theirs := ingress(map[string]any{"kubernetes.io/ingress.class": "gce", "theirs": "yes"}, path("Prefix"))
	ours := ingress(map[string]any{"kubernetes.io/ingress.class": "gce", "ours": "yes"}, path("Prefix"), path("Exact"))
	for title, upsert := range map[string]bool{"by the careful provider": false, "by the adopting provider": true} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			require.NoError(t, c.store.Put(store.Resource{Type: kubernetes.TypeIngress, ID: "app/it", Inputs: theirs, Outputs: theirs}))
			_, err := c.server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: c.wire(map[string]any{"upsertExistingObjects": upsert})})
			require.NoError(t, err)
			made, err := c.create(kubernetes.TypeIngress, ours)
			if !upsert {
				require.ErrorContains(t, err, "already exists")
				return
			}
			require.NoError(t, err)
			annotations := made.Object("metadata.annotations")
			assert.Equal(t, "yes", annotations["theirs"], "fields of others stay")
			assert.Equal(t, "yes", annotations["ours"])
			assert.Len(t, made.List("spec.rules.0.http.paths"), 2, "a list is replaced")
		})
	}
}

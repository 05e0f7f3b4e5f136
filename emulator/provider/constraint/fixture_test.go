package constraint_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
)

const (
	project = "coditect-cloud-infra"
	region  = "us-central1"
)

// fixture has both providers over one cloud in which only the rules are real:
// those of the load balancer and of Cloud Armor's language, too.
type fixture struct {
	t                  *testing.T
	google, kubernetes *provider.Server
	store              *store.Store
	balancer           *ingresscontroller.Controller
	ids                map[string]string
	responses          map[string]*structpb.Struct
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	cloud, err := memory.New(memory.Loopback(), memory.Authorities{SQL: "CA PEM", Other: "CA PEM"})
	require.NoError(t, err)
	w := &fixture{t: t, store: cloud.Store, ids: map[string]string{}, responses: map[string]*structpb.Struct{}}
	w.balancer = ingresscontroller.New(ingresscontroller.Options{
		Store: cloud.Store, Pods: ingresscontroller.PodsFunc(func() []ingresscontroller.Pod { return nil }), LoadBalancer: idle{},
		Armor: ingresscontroller.CloudArmor(cloudarmor.Options{}),
	})
	cloud.Cluster.AwaitIngress = w.synced
	w.google, w.kubernetes = cloud.Providers()["gcp"], cloud.Providers()["kubernetes"]
	_, err = w.google.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: w.wire(map[string]any{"project": project, "region": region})})
	require.NoError(t, err)
	return w
}

// synced says what keeps the load balancer from serving the Ingress.
func (w *fixture) synced(context.Context) error {
	if status := w.balancer.Sync(); !status.Synced {
		return errors.New(strings.Join(status.Problems, "; "))
	}
	return nil
}

func (w *fixture) server(typ string) *provider.Server {
	if strings.HasPrefix(typ, "kubernetes:") {
		return w.kubernetes
	}
	return w.google
}

func (m made) urn() string { return "urn:pulumi:local::license-platform::" + m.typ + "::" + m.name }

func (w *fixture) wire(values map[string]any) *structpb.Struct {
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(w.t, err)
	return encoded
}

// check returns the reasons why inputs are refused before anything is touched.
func (w *fixture) check(m made, before map[string]any) []string {
	response, err := w.server(m.typ).Check(w.t.Context(), &pulumirpc.CheckRequest{
		Urn: m.urn(), News: w.wire(m.inputs), Olds: w.wire(before), RandomSeed: []byte("0123456789abcdef0123456789abcdef"),
	})
	require.NoError(w.t, err)
	var reasons []string
	for _, failure := range response.GetFailures() {
		reasons = append(reasons, failure.GetReason())
	}
	return reasons
}

func (w *fixture) create(m made) error {
	response, err := w.server(m.typ).Create(w.t.Context(), &pulumirpc.CreateRequest{Urn: m.urn(), Properties: w.wire(m.inputs)})
	if err != nil {
		return err
	}
	w.ids[m.urn()], w.responses[m.urn()] = response.GetId(), response.GetProperties()
	return nil
}

// make creates what has to be there.
func (w *fixture) make(all ...made) {
	w.t.Helper()
	for _, m := range all {
		require.Empty(w.t, w.check(m, nil), "%s %s", m.typ, m.name)
		require.NoError(w.t, w.create(m), "%s %s", m.typ, m.name)
	}
}

// update checks and changes what make has made, as the engine does.
func (w *fixture) update(m made) error {
	present, exists := w.store.Get(m.typ, w.ids[m.urn()])
	require.True(w.t, exists)
	if reasons := w.check(m, present.Inputs); len(reasons) > 0 {
		return errors.New(strings.Join(reasons, "\n"))
	}
	response, err := w.server(m.typ).Update(w.t.Context(), &pulumirpc.UpdateRequest{
		Id: present.ID, Urn: m.urn(), Olds: w.responses[m.urn()], OldInputs: w.wire(present.Inputs), News: w.wire(m.inputs),
	})
	if err == nil {
		w.responses[m.urn()] = response.GetProperties()
	}
	return err
}

func (w *fixture) delete(m made) error {
	_, err := w.server(m.typ).Delete(w.t.Context(), &pulumirpc.DeleteRequest{Id: w.ids[m.urn()], Urn: m.urn()})
	return err
}

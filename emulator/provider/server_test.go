package provider_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

const (
	boxType = "gcp:test/box:Box"
	boxURN  = "urn:pulumi:local::license-platform::" + boxType + "::one"
)

// errNever makes a box never ready.
var errNever = errors.New("never")

// box is a kind of resource whose real thing is an entry in real.
func box(real map[string]string, awaits, ensures *error) provider.Kind {
	return provider.Kind{
		Type: boxType, NameProperty: "name", Fields: provider.Fields{"size": {Required: true}, "name": {Fixed: true}, "shape.form": {Fixed: true}, "place": {Computed: true, Fixed: true}},
		NameKept: 7 * 24 * time.Hour,
		Computed: []string{"address"}, Secret: []string{"key"},
		ID: func(d *provider.Draft) string { return d.Project() + "/" + d.Inputs.Text("name") },
		Check: func(d *provider.Draft) []provider.Failure {
			if size, known := d.Inputs.Number("size"); known && size > 10 {
				return []provider.Failure{provider.Refuse("size", "Error 400: size %v is over 10", size)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["address"], d.Outputs["key"] = "10.0.0.1", "hush"
			return nil
		},
		Ensure: func(_ context.Context, r store.Resource) error {
			if *ensures == nil {
				real[r.ID] = provider.Properties(r.Outputs).Text("address")
			}
			return *ensures
		},
		Waits: time.Millisecond,
		Await: func(ctx context.Context, _ store.Resource) error {
			if errors.Is(*awaits, errNever) {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return *awaits
		},
		Remove: func(_ context.Context, r store.Resource) error { delete(real, r.ID); return nil },
		Refusal: func(r store.Resource) error {
			if provider.Properties(r.Inputs).True("locked") {
				return errors.New("Error 400: the box is locked")
			}
			return nil
		},
	}
}

// fixture is a provider behind a real gRPC connection.
type fixture struct {
	client          pulumirpc.ResourceProviderClient
	address         string
	store           *store.Store
	real            map[string]string
	awaits, ensures error
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := store.New()
	w := &fixture{store: s, real: map[string]string{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	function := func(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
		if args.Text("name") == "" {
			return nil, errors.New("Error 404: not found")
		}
		return provider.Properties{"project": config.Project}, nil
	}
	pulumirpc.RegisterResourceProviderServer(server, provider.NewServer("gcp", "0.0.0", s,
		[]provider.Kind{box(w.real, &w.awaits, &w.ensures)}, map[string]provider.Function{"gcp:test/get:get": function}))
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	w.address = listener.Addr().String()
	w.client = w.connect(t)
	w.configure(t, w.client, "p")
	return w
}

func (w *fixture) connect(t *testing.T) pulumirpc.ResourceProviderClient {
	t.Helper()
	connection, err := grpc.NewClient(w.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, connection.Close()) })
	return pulumirpc.NewResourceProviderClient(connection)
}

func (w *fixture) configure(t *testing.T, client pulumirpc.ResourceProviderClient, project string) {
	t.Helper()
	_, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: wire(t, resource.PropertyMap{"project": resource.NewProperty(project)})})
	require.NoError(t, err)
}

func wire(t *testing.T, properties resource.PropertyMap) *structpb.Struct {
	t.Helper()
	encoded, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return encoded
}

func unwire(t *testing.T, properties *structpb.Struct) resource.PropertyMap {
	t.Helper()
	decoded, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return decoded
}

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func (w *fixture) create(t *testing.T, urn string, inputs resource.PropertyMap) (*pulumirpc.CreateResponse, error) {
	t.Helper()
	return w.client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: wire(t, inputs)})
}

func TestCheckNamesWhatIsUnnamedAndRefusesWhatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	check := func(olds, news resource.PropertyMap) *pulumirpc.CheckResponse {
		response, err := w.client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: boxURN, Olds: wire(t, olds), News: wire(t, news), RandomSeed: []byte("0123456789abcdef0123456789abcdef")})
		require.NoError(t, err)
		return response
	}
	named := check(nil, properties(map[string]any{"size": 3}))
	assert.Empty(t, named.GetFailures())
	name := unwire(t, named.GetInputs())["name"].StringValue()
	assert.Regexp(t, `^one-[0-9a-f]{7}$`, name)
	again := check(properties(map[string]any{"name": name, "size": 3}), properties(map[string]any{"size": 4}))
	assert.Equal(t, name, unwire(t, again.GetInputs())["name"].StringValue(), "a made name stays")

	missing := check(nil, properties(map[string]any{"name": "n"}))
	require.Len(t, missing.GetFailures(), 1)
	assert.Contains(t, missing.GetFailures()[0].GetReason(), `The argument "size" is required`)
	large := check(nil, properties(map[string]any{"size": 11}))
	require.Len(t, large.GetFailures(), 1)
	assert.Equal(t, "size", large.GetFailures()[0].GetProperty())

	unknown := check(nil, resource.PropertyMap{"size": resource.MakeComputed(resource.NewProperty(0.0))})
	assert.Empty(t, unknown.GetFailures(), "what is not known yet is not missing")
	hidden := check(nil, resource.PropertyMap{"size": resource.NewProperty(1.0), "note": resource.MakeSecret(resource.NewProperty("s"))})
	assert.True(t, unwire(t, hidden.GetInputs())["note"].IsSecret(), "a secret stays one")
}

func TestAnUnknownTypeIsRefusedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, err := w.client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: "urn:pulumi:l::p::gcp:test/tin:Tin::x", News: wire(t, nil)})
	require.ErrorContains(t, err, "gcp:test/tin:Tin")
	require.ErrorContains(t, err, "it knows "+boxType)
	_, err = w.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "gcp:test/other:other"})
	require.ErrorContains(t, err, "it knows gcp:test/get:get")
}

func TestDiffTellsWhatChangesAndWhatReplaces(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	before := map[string]any{"name": "n", "size": 3, "shape": map[string]any{"form": "round", "colours": []any{"red", "blue"}}}
	for title, c := range map[string]struct {
		after    map[string]any
		detailed map[string]pulumirpc.PropertyDiff_Kind
		replaces []string
		first    bool
	}{
		"nothing": {after: before},
		"a value": {
			after:    map[string]any{"name": "n", "size": 4, "shape": before["shape"]},
			detailed: map[string]pulumirpc.PropertyDiff_Kind{"size": pulumirpc.PropertyDiff_UPDATE},
		},
		"an item of a list": {
			after:    map[string]any{"name": "n", "size": 3, "shape": map[string]any{"form": "round", "colours": []any{"red"}}},
			detailed: map[string]pulumirpc.PropertyDiff_Kind{"shape.colours[1]": pulumirpc.PropertyDiff_DELETE},
		},
		"a key with dots": {
			after:    map[string]any{"name": "n", "size": 3, "shape": before["shape"], "labels": map[string]any{"a.b/c": "d"}},
			detailed: map[string]pulumirpc.PropertyDiff_Kind{"labels": pulumirpc.PropertyDiff_ADD},
		},
		"an immutable value under the same name": {
			after:    map[string]any{"name": "n", "size": 3, "shape": map[string]any{"form": "square", "colours": []any{"red", "blue"}}},
			detailed: map[string]pulumirpc.PropertyDiff_Kind{"shape.form": pulumirpc.PropertyDiff_UPDATE_REPLACE},
			replaces: []string{"shape"}, first: true,
		},
		"another name": {
			after:    map[string]any{"name": "m", "size": 3, "shape": before["shape"]},
			detailed: map[string]pulumirpc.PropertyDiff_Kind{"name": pulumirpc.PropertyDiff_UPDATE_REPLACE},
			replaces: []string{"name"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			response, err := w.client.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "p/n", Urn: boxURN, OldInputs: wire(t, properties(before)), News: wire(t, properties(c.after)),
			})
			require.NoError(t, err)
			kinds := map[string]pulumirpc.PropertyDiff_Kind{}
			for path, diff := range response.GetDetailedDiff() {
				kinds[path] = diff.GetKind()
			}
			if c.detailed == nil {
				assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, response.GetChanges())
				return
			}
			assert.Equal(t, c.detailed, kinds)
			assert.Equal(t, c.replaces, response.GetReplaces())
			assert.Equal(t, c.first, response.GetDeleteBeforeReplace(), "the old one goes first when it has the name")
		})
	}
}

func TestAResourceLivesFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	inputs := resource.PropertyMap{"name": resource.NewProperty("n"), "size": resource.NewProperty(3.0), "note": resource.MakeSecret(resource.NewProperty("s"))}

	seen, err := w.client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: boxURN, Properties: wire(t, inputs), Preview: true})
	require.NoError(t, err)
	assert.True(t, unwire(t, seen.GetProperties())["address"].IsComputed(), "a preview knows no address")
	assert.Empty(t, w.store.List(), "a preview makes nothing")

	made, err := w.create(t, boxURN, inputs)
	require.NoError(t, err)
	assert.Equal(t, "p/n", made.GetId())
	outputs := unwire(t, made.GetProperties())
	assert.Equal(t, "10.0.0.1", outputs["address"].StringValue())
	assert.True(t, outputs["key"].IsSecret(), "secret by nature")
	assert.True(t, outputs["note"].IsSecret(), "secret because it came in secret")
	assert.Equal(t, map[string]string{"p/n": "10.0.0.1"}, w.real)

	_, err = w.create(t, boxURN+"-other", inputs)
	assert.Equal(t, codes.AlreadyExists, status.Code(err), "the name is in use")
	again, err := w.create(t, boxURN, inputs)
	require.NoError(t, err, "a creation that was interrupted is carried on")
	assert.Equal(t, "p/n", again.GetId())

	read, err := w.client.Read(t.Context(), &pulumirpc.ReadRequest{Id: "p/n", Urn: boxURN, Inputs: wire(t, inputs)})
	require.NoError(t, err)
	assert.Equal(t, "p/n", read.GetId())
	assert.True(t, unwire(t, read.GetInputs())["note"].IsSecret())
	gone, err := w.client.Read(t.Context(), &pulumirpc.ReadRequest{Id: "p/none", Urn: boxURN})
	require.NoError(t, err)
	assert.Empty(t, gone.GetId(), "what does not exist is told by an empty id")

	locked := properties(map[string]any{"name": "n", "size": 5, "locked": true})
	_, err = w.client.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: "p/n", Urn: boxURN, Olds: made.GetProperties(), OldInputs: wire(t, inputs), News: wire(t, locked),
	})
	require.NoError(t, err)
	present, _ := w.store.Get(boxType, "p/n")
	assert.InDelta(t, 5, present.Outputs["size"], 0)
	assert.NotContains(t, present.Outputs, "note", "what is declared no more is gone")

	remove := &pulumirpc.DeleteRequest{Id: "p/n", Urn: boxURN}
	_, err = w.client.Delete(t.Context(), remove)
	require.ErrorContains(t, err, "the box is locked")
	_, err = w.client.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: "p/n", Urn: boxURN, Olds: made.GetProperties(), OldInputs: wire(t, locked), News: wire(t, inputs),
	})
	require.NoError(t, err)
	_, err = w.client.Delete(t.Context(), remove)
	require.NoError(t, err)
	assert.Empty(t, w.real)
	assert.Empty(t, w.store.List())
	_, err = w.client.Delete(t.Context(), remove)
	require.NoError(t, err, "deleting what is gone is fine")
}

func TestWhatTheAPIWasToldOnceStaysWhenTheProgramLeavesItOut(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	told := properties(map[string]any{"name": "n", "size": 3, "place": "shelf"})
	made, err := w.create(t, boxURN, told)
	require.NoError(t, err)

	silent := properties(map[string]any{"name": "n", "size": 4})
	for range 2 { // the second time, the engine has forgotten it, too
		updated, err := w.client.Update(t.Context(), &pulumirpc.UpdateRequest{
			Id: "p/n", Urn: boxURN, Olds: made.GetProperties(), OldInputs: wire(t, told), News: wire(t, silent),
		})
		require.NoError(t, err)
		assert.Equal(t, "shelf", unwire(t, updated.GetProperties())["place"].StringValue())
		present, _ := w.store.Get(boxType, "p/n")
		assert.Equal(t, "shelf", present.Inputs["place"])
		told = silent
	}
}

func TestAFailureLeavesTheCloudAsItWas(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	inputs := properties(map[string]any{"name": "n", "size": 3})
	w.ensures = errors.New("no disk")
	_, err := w.create(t, boxURN, inputs)
	require.ErrorContains(t, err, "no disk")
	assert.Empty(t, w.store.List())

	w.ensures = nil
	made, err := w.create(t, boxURN, inputs)
	require.NoError(t, err)
	w.ensures = errors.New("no disk")
	_, err = w.client.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: "p/n", Urn: boxURN, Olds: made.GetProperties(), OldInputs: wire(t, inputs), News: wire(t, properties(map[string]any{"name": "n", "size": 4})),
	})
	require.ErrorContains(t, err, "no disk")
	present, _ := w.store.Get(boxType, "p/n")
	assert.InDelta(t, 3, present.Inputs["size"], 0)
}

func TestWhatExistsButDoesNotWorkIsKeptForTheNextUpdate(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.awaits = errors.New("the pod crashes: panic: no database")
	_, err := w.create(t, boxURN, properties(map[string]any{"name": "n", "size": 3}))
	require.ErrorContains(t, err, "no database")
	var kept *pulumirpc.ErrorResourceInitFailed
	for _, detail := range status.Convert(err).Details() {
		if failed, is := detail.(*pulumirpc.ErrorResourceInitFailed); is {
			kept = failed
		}
	}
	require.NotNil(t, kept, "the engine is told to keep the resource")
	assert.Equal(t, "p/n", kept.GetId())
	assert.Len(t, w.store.List(), 1)
}

func TestEachConnectionHasItsOwnConfiguration(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	other := w.connect(t)
	w.configure(t, other, "q")
	for client, project := range map[pulumirpc.ResourceProviderClient]string{w.client: "p", other: "q"} {
		response, err := client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "gcp:test/get:get", Args: wire(t, properties(map[string]any{"name": "x"}))})
		require.NoError(t, err)
		assert.Equal(t, project, unwire(t, response.GetReturn())["project"].StringValue())
	}
	_, err := w.client.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "gcp:test/get:get"})
	require.ErrorContains(t, err, "Error 404: not found")
}

func TestTheEngineWaitsAsLongAsTheProgramSaysOrTheKind(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.awaits = errNever
	for limit, says := range map[float64]string{0: "timed out waiting to be Ready after 1ms", 0.02: "timed out waiting to be Ready after 20ms"} {
		_, err := w.client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: boxURN, Timeout: limit, Properties: wire(t, properties(map[string]any{"name": "n", "size": 1}))})
		require.ErrorContains(t, err, says)
	}
	assert.Contains(t, w.real, "p/n", "what is not ready is there")
}

package gcp_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// real records what was made real, one word and one name a line.
type real struct {
	did      []string
	versions map[string]int
}

func (r *real) note(words ...string) { r.did = append(r.did, strings.Join(words, " ")) }

func (r *real) EnsureInstance(_ context.Context, _, instance string, at netip.AddrPort, flags map[string]string) error {
	r.note("instance", instance, at.String(), flags["log_connections"])
	return nil
}

func (r *real) ServerCA(instance string) (string, error) { return "CA of " + instance, nil }

func (r *real) RemoveInstance(_ context.Context, instance string) error {
	r.note("no instance", instance)
	return nil
}

func (r *real) EnsureDatabase(_ context.Context, instance, name, _, _ string) error {
	r.note("database", instance, name)
	return nil
}

func (r *real) RemoveDatabase(_ context.Context, instance, name string) error {
	r.note("no database", instance, name)
	return nil
}

func (r *real) EnsureUser(_ context.Context, instance, name, _, kind string) error {
	r.note("user", instance, name, kind)
	return nil
}

func (r *real) RemoveUser(_ context.Context, instance, name string) error {
	r.note("no user", instance, name)
	return nil
}

func (r *real) EnsureCache(_ context.Context, instance string, at netip.AddrPort, _ string, configs map[string]string, memory int) error {
	r.note("cache", instance, at.String(), configs["maxmemory-policy"], strconv.Itoa(memory))
	return nil
}

func (r *real) RemoveCache(_ context.Context, instance string) error {
	r.note("no cache", instance)
	return nil
}

// keys and secrets have methods of the same name, so each has a type.
type keys struct{ *real }

func (k keys) EnsureRing(name string) error { k.note("ring", name); return nil }
func (k keys) EnsureKey(_ context.Context, key gcp.Key) error {
	k.note("key", key.Name, key.Purpose)
	return nil
}
func (k keys) LastVersion(key string) int                        { return k.versions[key] }
func (k keys) PublicKey(context.Context, string) (string, error) { return "PEM", nil }
func (k keys) SetVersionState(_ context.Context, version, state string) error {
	k.note(state, version)
	return nil
}

func (k keys) EnsureVersion(_ context.Context, key string, number int) error {
	k.versions[key] = max(k.versions[key], number)
	return nil
}

type secrets struct{ *real }

func (s secrets) EnsureSecret(name string) error              { s.note("secret", name); return nil }
func (s secrets) RemoveSecret(name string) error              { s.note("no secret", name); return nil }
func (s secrets) LastVersion(secret string) int               { return s.versions[secret] }
func (s secrets) SetVersionState(version, state string) error { s.note(state, version); return nil }
func (s secrets) EnsureVersion(secret string, number int, payload []byte) error {
	s.versions[secret] = max(s.versions[secret], number)
	s.note("payload", secret, string(payload))
	return nil
}

type images struct{ *real }

func (i images) CreateRepository(name string) error { i.note("repository", name); return nil }
func (i images) DeleteRepository(name string) error { i.note("no repository", name); return nil }

type tenants struct{ *real }

func (t tenants) PutTenant(project, id, name string, suspended bool) error {
	t.note("tenant", project, id, name, strconv.FormatBool(suspended))
	return nil
}

func (t tenants) DeleteTenant(project, id string) error { t.note("no tenant", project, id); return nil }

// cloud is the embedded Google Cloud with nothing real behind it.
type cloud struct {
	t      *testing.T
	server *provider.Server
	store  *store.Store
	real   *real
	world  *gcp.Cloud
}

const (
	project = "coditect-cloud-infra"
	region  = "us-central1"
)

func newCloud(t *testing.T) *cloud {
	t.Helper()
	s := store.New()
	r := &real{versions: map[string]int{}}
	w := &gcp.Cloud{
		Store: s, Addresses: gcp.Addresses{
			Edge: netip.MustParseAddr("127.0.0.1"), ControlPlane: netip.MustParseAddr("127.77.8.9"),
			Pods: netip.MustParsePrefix("127.77.64.0/18"), PrivateServices: netip.MustParsePrefix("127.77.16.0/20"),
		}, CA: "CA PEM",
		TenantID:  func(_, name string) string { return name + "-x1y2z" },
		Databases: r, Caches: r, Keys: keys{r}, Secrets: secrets{r}, Images: images{r}, Tenants: tenants{r},
	}
	c := &cloud{t: t, server: provider.NewServer("gcp", "0.0.0", s, w.Kinds(), w.Functions()), store: s, real: r, world: w}
	_, err := c.server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: c.wire(map[string]any{
		"project": project, "region": region, "defaultLabels": `{"platform":"license-platform"}`,
	})})
	require.NoError(t, err)
	return c
}

func (c *cloud) wire(values map[string]any) *structpb.Struct {
	encoded, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(c.t, err)
	return encoded
}

func urn(typ, name string) string { return "urn:pulumi:local::license-platform::" + typ + "::" + name }

// create returns the id and the outputs, secrets unwrapped.
func (c *cloud) create(typ, name string, inputs map[string]any) (string, map[string]any, error) {
	response, err := c.server.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: c.wire(inputs)})
	if err != nil {
		return "", nil, err
	}
	decoded, err := plugin.UnmarshalProperties(response.GetProperties(), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: false})
	require.NoError(c.t, err)
	return response.GetId(), decoded.Mappable(), nil
}

func (c *cloud) must(typ, name string, inputs map[string]any) (string, map[string]any) {
	c.t.Helper()
	id, outputs, err := c.create(typ, name, inputs)
	require.NoError(c.t, err, "%s %s", typ, name)
	return id, outputs
}

func (c *cloud) delete(typ, id string) error {
	_, err := c.server.Delete(c.t.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: urn(typ, "it")})
	return err
}

// key makes a ring, a key and, when agent is not empty, its grant.
func (c *cloud) key(name, agent string) string {
	c.t.Helper()
	ring := "projects/" + project + "/locations/" + region + "/keyRings/ring"
	if _, exists := c.store.Get(gcp.TypeKeyRing, ring); !exists {
		c.must(gcp.TypeKeyRing, "ring", map[string]any{"name": "ring", "location": region})
	}
	key, _ := c.must(gcp.TypeCryptoKey, name, map[string]any{"name": name, "keyRing": ring})
	if agent != "" {
		c.must(gcp.TypeCryptoKeyMember, name, map[string]any{
			"cryptoKeyId": key, "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
			"member": "serviceAccount:service-" + gcp.ProjectNumber + "@" + agent + ".iam.gserviceaccount.com",
		})
	}
	return key
}

// peering makes private services access in a network.
func (c *cloud) peering() string {
	c.t.Helper()
	network, _ := c.must(gcp.TypeNetwork, "net", map[string]any{"name": "net"})
	c.must(gcp.TypeGlobalAddress, "range", map[string]any{"name": "range", "purpose": "VPC_PEERING", "addressType": "INTERNAL", "network": network})
	c.must(gcp.TypeConnection, "peering", map[string]any{
		"network": network, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{"range"}, "deletionPolicy": "ABANDON",
	})
	return network
}

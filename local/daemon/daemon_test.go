package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/cluster/sandbox"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/address"
	"github.com/coditect-ai/license-platform/local/host/file"
)

// TestMain makes this executable what stands in the pods' networks, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == sandbox.Command {
		code, err := sandbox.Inside(os.Args[3:])
		if err != nil {
			fmt.Println(err)
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// boot runs a daemon of the folder in this process until the test, or the
// returned function, ends it.
func boot(t *testing.T, dir string, plan address.Plan) (client *daemon.Client, stop func() error) {
	t.Helper()
	spare := filepath.Join(dir, "kms", "spare")
	require.NoError(t, os.MkdirAll(spare, 0o700))
	for _, name := range []string{"0.key", "1.key"} { // never taken, and slow to make
		require.NoError(t, os.WriteFile(filepath.Join(spare, name), []byte("no key"), 0o600))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan daemon.Record, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Dir: dir, Plan: plan, Binary: "test", Log: slog.New(slog.DiscardHandler)}, func(r daemon.Record) error {
			ready <- r
			return nil
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		require.NoError(t, err)
	case <-time.After(await.Limit):
		cancel()
		require.Fail(t, "the daemon does not get ready")
	}
	client, err := daemon.Connect(t.Context(), dir)
	require.NoError(t, err)
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return await.Receive(t, ended)
	}
	t.Cleanup(func() { assert.NoError(t, stop()) })
	return client, stop
}

func newPlan(t *testing.T) address.Plan {
	t.Helper()
	block, err := address.ChooseBlock(t.Name())
	require.NoError(t, err)
	return address.Plan{Block: block, EdgePort: port.Free(t)}
}

func TestADaemonBringsBackWhatTheStoreRemembersAndTellsWhatItCannot(t *testing.T) {
	t.Parallel()
	dir, plan := t.TempDir(), newPlan(t)
	s, err := store.Open(filepath.Join(dir, "store.json"), file.Replace)
	require.NoError(t, err)
	redis := "projects/" + cloudide.Project + "/locations/us-central1/instances/seats"
	host := plan.PrivateServices().Addr().Next().Next().String()
	for _, r := range []store.Resource{
		{URN: "urn:broken", Type: gcp.TypeRedisInstance, ID: "broken", Outputs: map[string]any{"host": "nowhere"}},
		{URN: "urn:tenant", Type: gcp.TypeTenant, ID: "projects/p/tenants/demo-1", Outputs: map[string]any{
			"project": cloudide.Project, "name": "demo-1", "displayName": "demo",
		}},
		{URN: "urn:redis", Type: gcp.TypeRedisInstance, ID: redis, Outputs: map[string]any{
			"host": host, "port": 6378.0, "authString": "a password that nobody guesses", "memorySizeGb": 1.0,
		}},
	} {
		require.NoError(t, s.Put(r))
	}
	declareIdentityAndNames(t, s)

	client, stop := boot(t, dir, plan)
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, client.Problems, 1)
	assert.Contains(t, client.Problems[0], "bring gcp:redis/instance:Instance broken back")
	assert.Equal(t, 1, status.Resources[gcp.TypeTenant])
	assert.Equal(t, host+":6378", status.Addresses["redis"])
	connection, err := net.Dial("tcp", host+":6378")
	require.NoError(t, err, "Redis runs again")
	require.NoError(t, connection.Close())
	assert.True(t, status.Edge.Synced, "%v", status.Edge.Problems)
	assert.Equal(t, "coditect-app/coditect-unified-ingress", status.Edge.Ingress, "the IDE's Ingress is served before the first up")

	namesAreResolved(t, plan)
	thePodHasItsIdentity(t, client, status)

	token, err := client.Token(t.Context(), daemon.TokenRequest{Tenant: "demo", User: "somebody"})
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(token, "."))
	_, err = client.Token(t.Context(), daemon.TokenRequest{Tenant: "another-tenant", User: "somebody"})
	require.NoError(t, err, "somebody else's tenant gets a token, too")

	require.NoError(t, stop())
	_, err = daemon.Connect(t.Context(), dir)
	require.ErrorIs(t, err, daemon.ErrNotRunning)
	_, err = net.Dial("tcp", host+":6378")
	require.Error(t, err, "nothing is left running")
}

func TestATakenAddressEndsTheDaemonAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, plan := t.TempDir(), newPlan(t)
	listener, err := net.Listen("tcp", plan.Edge().String())
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Close()) }()
	err = daemon.Run(t.Context(), daemon.Options{Dir: dir, Plan: plan, Log: slog.New(slog.DiscardHandler)}, func(daemon.Record) error {
		return errors.New("it must not get ready")
	})
	require.ErrorContains(t, err, "open the load balancer at "+plan.Edge().String())
	free, err := net.Listen("tcp", plan.KMS().String())
	require.NoError(t, err, "the other addresses are free again")
	require.NoError(t, free.Close())
}

func TestTheRecordOfAKilledDaemonIsSeenThrough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := daemon.Connect(t.Context(), dir)
	require.ErrorIs(t, err, daemon.ErrNotRunning)
	require.NoError(t, daemon.WriteJSON(filepath.Join(dir, "daemon.json"), daemon.Record{PID: 999999999, Control: "127.0.0.1:1", Token: "t"}))
	_, err = daemon.Connect(t.Context(), dir)
	require.ErrorIs(t, err, daemon.ErrNotRunning)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "daemon.json"), []byte(`{"pid": 1`), 0o600))
	_, err = daemon.Connect(t.Context(), dir)
	require.ErrorIs(t, err, daemon.ErrNotRunning)
}

const account = "ide@" + cloudide.Project + ".iam.gserviceaccount.com"

// declareIdentityAndNames gives the IDE's pods a Google service account, and the
// network a private zone.
func declareIdentityAndNames(t *testing.T, s *store.Store) {
	t.Helper()
	const zone = "projects/" + cloudide.Project + "/managedZones/googleapis"
	for _, r := range []store.Resource{
		{URN: "urn:zone", Type: gcp.TypeManagedZone, ID: zone, Outputs: map[string]any{"name": "googleapis", "dnsName": "googleapis.com.", "visibility": "private"}},
		{URN: "urn:record", Type: "gcp:dns/recordSet:RecordSet", ID: zone + "/rrsets/x", Outputs: map[string]any{
			"managedZone": "googleapis", "name": "*.googleapis.com.", "type": "A", "ttl": 300.0, "rrdatas": []any{"199.36.153.8"},
		}},
		{URN: "urn:ksa", Type: "kubernetes:core/v1:ServiceAccount", ID: cloudide.Namespace + "/default", Outputs: map[string]any{
			"metadata": map[string]any{"name": "default", "namespace": cloudide.Namespace, "annotations": map[string]any{"iam.gke.io/gcp-service-account": account}},
		}},
		{URN: "urn:account", Type: gcp.TypeServiceAccount, ID: "projects/" + cloudide.Project + "/serviceAccounts/" + account, Outputs: map[string]any{"uniqueId": "100"}},
		{URN: "urn:binding", Type: "gcp:serviceaccount/iAMMember:IAMMember", ID: "binding", Outputs: map[string]any{
			"serviceAccountId": "projects/" + cloudide.Project + "/serviceAccounts/" + account, "role": "roles/iam.workloadIdentityUser",
			"member": "serviceAccount:" + cloudide.Project + ".svc.id.goog[" + cloudide.Namespace + "/default]",
		}},
	} {
		require.NoError(t, s.Put(r))
	}
}

func namesAreResolved(t *testing.T, plan address.Plan) {
	t.Helper()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, plan.Names().String())
	}}
	for name, want := range map[string][]string{
		"cloudkms.googleapis.com.":                        {"199.36.153.8"},
		"coditect-api-v2.coditect-app.svc.cluster.local.": {"34.118.239.10"},
		cloudide.DatabaseName:                             {plan.TheirPrivateServices().Addr().Next().Next().String()},
	} {
		found, err := resolver.LookupHost(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, want, found, name)
	}
	_, err := resolver.LookupHost(t.Context(), "example.com.")
	require.ErrorContains(t, err, "no such host")
}

func thePodHasItsIdentity(t *testing.T, client *daemon.Client, status daemon.Status) {
	t.Helper()
	if status.Network.Warning != "" {
		return // this machine refuses namespaces, and the metadata server is in theirs only
	}
	pod := status.Pods[slices.IndexFunc(status.Pods, func(p daemon.Pod) bool { return p.Namespace == cloudide.Namespace })]
	for path, want := range map[string]string{"email": account, "token": "access_token"} {
		got, err := client.Attempt(t.Context(), daemon.AttemptRequest{
			From: netip.MustParseAddr(pod.IP), To: metadata.Address(),
			Words: dataplane.Octets("GET /computeMetadata/v1/instance/service-accounts/default/" + path + " HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n"),
		})
		require.NoError(t, err)
		assert.Contains(t, got.Answer, want)
	}
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/existing"
	"github.com/coditect-ai/license-platform/local/provider/gcp"
	"github.com/coditect-ai/license-platform/local/provider/kubernetes"
	"github.com/coditect-ai/license-platform/local/standin"
	"github.com/coditect-ai/license-platform/local/store"
)

// fingerprint is everything of the IDE's: its objects, and what its pods resolve,
// reach and are answered, each in words that can be compared.
type fingerprint map[string]string

// neighbourhood looks at the IDE's world in one embedded cloud.
type neighbourhood struct {
	m *machine
	// objects are the keys of all that was there before the stack.
	objects []string
	known   map[string]store.Resource
}

func (n *neighbourhood) read(t *testing.T) map[string]store.Resource {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(n.m.directory, "store.json"))
	require.NoError(t, err)
	var all []store.Resource
	require.NoError(t, json.Unmarshal(content, &all))
	found := map[string]store.Resource{}
	for _, r := range all {
		found[r.Type+" "+r.ID] = r
	}
	return found
}

func (n *neighbourhood) take(t *testing.T) fingerprint {
	t.Helper()
	taken, now := fingerprint{}, n.read(t)
	if n.objects == nil {
		for key, r := range now {
			if r.URN == "" {
				n.objects = append(n.objects, key)
			}
		}
	}
	for _, key := range n.objects {
		taken[key] = "gone"
		if r, exists := now[key]; exists {
			content, err := json.Marshal(map[string]any{"inputs": r.Inputs, "outputs": r.Outputs})
			require.NoError(t, err)
			taken[key] = string(content)
		}
	}
	n.known = now
	n.pods(t, taken)
	for host, path := range map[string]string{"api.coditect.ai": "/v2/files", "coditect.ai": "/", "www.coditect.ai": "/docs", "coditect.ai ": "/api/x"} {
		host = strings.TrimSpace(host)
		got := n.m.send(t, request{method: http.MethodGet, host: host, path: path})
		taken["GET "+host+path] = fmt.Sprintf("%d %s %s", got.status, got.header.Get("X-Service"), got.body)
	}
	return taken
}

// pods says what each of the IDE's pods resolves and reaches.
func (n *neighbourhood) pods(t *testing.T, taken fingerprint) {
	t.Helper()
	client, err := daemon.Connect(t.Context(), n.m.directory)
	require.NoError(t, err)
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	if status.Network.Warning != "" {
		return // pods have no network of their own on this machine, and the stack says so
	}
	at := map[string]netip.Addr{}
	for _, pod := range status.Pods {
		for _, name := range []string{standin.API, standin.Frontend} {
			if strings.HasPrefix(pod.Name, name+"-") {
				at[name] = netip.MustParseAddr(pod.IP)
			}
		}
	}
	require.Len(t, at, 2)
	database := client.Record.Plan.TheirPrivateServices().Addr().Next().Next()
	tries := map[string]daemon.AttemptRequest{
		"its database":   {To: netip.AddrPortFrom(database, 5432), Words: "\x00\x00\x00\x08\x04\xd2\x16\x2f"}, // may it be TLS?
		"its identity":   {To: netip.MustParseAddrPort("169.254.169.254:80"), Words: "GET /computeMetadata/v1/instance/service-accounts/default/email HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n"},
		"the API":        {To: netip.AddrPortFrom(at[standin.API], existing.Port), Words: "GET /health HTTP/1.0\r\n\r\n"},
		"the frontend":   {To: netip.AddrPortFrom(at[standin.Frontend], existing.Port), Words: "GET /health HTTP/1.0\r\n\r\n"},
		"Cloud KMS":      {To: client.Record.Plan.KMS()},
		"Secret Manager": {To: client.Record.Plan.SecretManager()},
	}
	for _, name := range []string{
		existing.DatabaseName, "cloudkms.googleapis.com.", "storage.googleapis.com.", "www.googleapis.com.", "us-central1-docker.pkg.dev.",
		standin.Frontend + "." + existing.Namespace + ".svc.cluster.local.",
	} {
		tries["the name "+name] = daemon.AttemptRequest{To: netip.AddrPortFrom(netip.MustParseAddr(existing.Names), 53), Words: query(t, name)}
	}
	dated := regexp.MustCompile(`(?m)^Date: .*$`)
	for pod, from := range at {
		for what, attempt := range tries {
			if attempt.To.Addr() == from {
				continue
			}
			attempt.From = from
			outcome, err := client.Attempt(t.Context(), attempt)
			taken[pod+" asks "+what] = fmt.Sprintf("%s %t %q %v", outcome.Denied, outcome.Connected, dated.ReplaceAllString(outcome.Answer, ""), err)
		}
	}
}

// query is a question for an address, as it is sent on a connection (RFC 1035).
func query(t *testing.T, name string) string {
	t.Helper()
	asked, err := dnsmessage.NewName(name)
	require.NoError(t, err)
	message := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: asked, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	packed, err := message.Pack()
	require.NoError(t, err)
	return string([]byte{byte(len(packed) >> 8), byte(len(packed))}) + string(packed)
}

// changedKeys lists what is not as it was.
func changedKeys(before, after fingerprint) (keys []string) {
	for key, was := range before {
		if after[key] != was {
			keys = append(keys, key)
		}
	}
	return keys
}

// TestNothingOfTheIDEsChangesButWhatTheTableLists goes through a stack's life beside
// the IDE.
func TestNothingOfTheIDEsChangesButWhatTheTableLists(t *testing.T) {
	m := newMachine(t)
	t.Cleanup(func() { m.command(t, "down") })
	m.must(t, "neighbours")
	m.trust(t)
	n := &neighbourhood{m: m}
	before := n.take(t)
	connection := gcp.TypeConnection + " projects%2F" + existing.Project + "%2Fglobal%2Fnetworks%2F" + existing.Network + ":servicenetworking.googleapis.com"
	audit := gcp.TypeAuditConfig + " " + existing.Project + "/audit_config/secretmanager.googleapis.com"
	ingress := kubernetes.TypeIngress + " " + existing.Namespace + "/" + existing.Ingress
	for _, key := range []string{connection, audit, ingress} {
		require.Contains(t, before, key)
	}
	require.Contains(t, before[standin.API+" asks its database"], `"S"`, "the IDE's database is there")
	for _, step := range [][]string{
		nil,
		{"up"},
		{"up", "--config", "armor.rateLimit.count=50", "--config", "api.shutdownSeconds=11"},
		{"up", "--config", "platform.lockdown=true"},
		{"down", "--stack-only"},
	} {
		if step != nil {
			m.must(t, step...)
		}
		after := n.take(t)
		assert.Subset(t, []string{connection, audit, ingress}, changedKeys(before, after), "after %v", step)
		kept := n.known[connection].Outputs["reservedPeeringRanges"].([]any)
		assert.Contains(t, kept, existing.PrivateServices, "after %v: the IDE's range stays peered", step)
		assert.Contains(t, after[audit], existing.Pipeline, "after %v: who was exempt stays so", step)
		assert.NotEqual(t, "gone", after[ingress], "after %v", step)
	}
}

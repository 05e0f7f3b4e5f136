package e2e_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	gke "github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/host/address"
)

// names are what the IDE's pods resolve: Google's, the platform's, and their own.
func names() []string {
	return []string{
		cloudide.DatabaseName, cloudide.Frontend + "." + cloudide.Namespace + ".svc.cluster.local.", cloudide.API + "." + cloudide.Namespace + ".svc.cluster.local.",
		"cloudkms.googleapis.com.", "secretmanager.googleapis.com.", "storage.googleapis.com.", "www.googleapis.com.", "sqladmin.googleapis.com.",
		"us-central1-docker.pkg.dev.", "coditect.ai.", "api.coditect.ai.",
	}
}

// pods says what each of the IDE's pods resolves and reaches. Where the machine gives
// pods no network of their own, nothing is known, and the stack says so.
func (n *neighbourhood) pods(t *testing.T, taken fingerprint) {
	t.Helper()
	client, err := daemon.Connect(t.Context(), n.m.directory)
	require.NoError(t, err)
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	if status.Network.Warning != "" {
		t.Log("pods have no network of their own on this machine: ", status.Network.Warning)
		return
	}
	at := map[string]netip.Addr{}
	for _, pod := range status.Pods {
		for _, name := range []string{cloudide.API, cloudide.Frontend} {
			if strings.HasPrefix(pod.Name, name+"-") {
				at[name] = netip.MustParseAddr(pod.IP)
			}
		}
	}
	require.Len(t, at, 2)
	dated := regexp.MustCompile(`(?m)^Date: .*$`)
	for pod, from := range at {
		for what, attempt := range tries(t, client.Record.Plan, at) {
			if attempt.To.Addr() == from {
				continue
			}
			attempt.From = from
			outcome, err := client.Attempt(t.Context(), attempt)
			said := dated.ReplaceAllString(string(outcome.Answer), "")
			taken["pod "+pod+" asks "+what] = fmt.Sprintf("denied %q, connected %t, answer %q, error %v", outcome.Denied, outcome.Connected, said, err)
		}
	}
}

// tries are what a pod tries to reach, and what it says there.
func tries(t *testing.T, plan address.Plan, at map[string]netip.Addr) map[string]daemon.AttemptRequest {
	t.Helper()
	const health = "GET /health HTTP/1.0\r\n\r\n"
	database := plan.TheirPrivateServices().Addr().Next().Next()
	all := map[string]daemon.AttemptRequest{
		"its database":   {To: netip.AddrPortFrom(database, 5432), Words: "\x00\x00\x00\x08\x04\xd2\x16\x2f"}, // may it be TLS?
		"its identity":   {To: gke.Address(), Words: "GET /computeMetadata/v1/instance/service-accounts/default/email HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n"},
		"the API":        {To: netip.AddrPortFrom(at[cloudide.API], cloudide.Port), Words: health},
		"the frontend":   {To: netip.AddrPortFrom(at[cloudide.Frontend], cloudide.Port), Words: health},
		"Cloud KMS":      {To: plan.KMS()},
		"Secret Manager": {To: plan.SecretManager()},
	}
	for _, name := range names() {
		all["the name "+name] = daemon.AttemptRequest{To: netip.AddrPortFrom(netip.MustParseAddr(cloudide.Names), 53), Words: dataplane.Octets(query(t, name))}
	}
	return all
}

// query is a question for an address, as it is sent on a connection (RFC 1035,
// section 4.2.2).
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

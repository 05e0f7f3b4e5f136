package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// fingerprint is everything of the IDE's, fact by fact: what its objects and cloud
// resources are, and what its pods and its clients resolve, reach and are answered.
type fingerprint map[string]string

// differs lists the facts that are not as they were, those that came or went among
// them.
func (f fingerprint) differs(from fingerprint) []string {
	var changed []string
	all := maps.Clone(from)
	maps.Copy(all, f)
	for fact := range all {
		was, before := from[fact]
		now, after := f[fact]
		if was != now || before != after {
			changed = append(changed, fact)
		}
	}
	slices.Sort(changed)
	return changed
}

// neighbourhood looks at the IDE's world in one embedded cloud.
type neighbourhood struct {
	m *machine
	// theirs are the keys of all that was there before the stack.
	theirs []string
	// socket was opened before the stack, as the IDE's are, which live for a day.
	socket *websocket.Conn
}

// newNeighbourhood looks around before the stack comes.
func newNeighbourhood(t *testing.T, m *machine) *neighbourhood {
	t.Helper()
	n := &neighbourhood{m: m}
	for key, r := range n.store(t) {
		require.Empty(t, r.URN, "nothing is deployed yet")
		n.theirs = append(n.theirs, key)
	}
	require.Greater(t, len(n.theirs), 10)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	socket, answer, err := websocket.Dial(ctx, "wss://coditect.ai/ws", &websocket.DialOptions{HTTPClient: m.client})
	require.NoError(t, err)
	if answer.Body != nil {
		require.NoError(t, answer.Body.Close())
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	n.socket = socket
	return n
}

// store reads what exists in the embedded cloud.
func (n *neighbourhood) store(t *testing.T) map[string]store.Resource {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(n.m.directory, "store.json"))
	require.NoError(t, err)
	var all []store.Resource
	require.NoError(t, json.Unmarshal(content, &all))
	found := map[string]store.Resource{}
	for _, r := range all {
		if r.Deleted.IsZero() {
			found[r.Type[strings.LastIndex(r.Type, ":")+1:]+" "+r.ID[strings.LastIndex(r.ID, "/")+1:]] = r
		}
	}
	return found
}

// take takes the fingerprint as it is now.
func (n *neighbourhood) take(t *testing.T) fingerprint {
	t.Helper()
	taken, now := fingerprint{}, n.store(t)
	for _, key := range n.theirs {
		r, exists := now[key]
		if !exists {
			taken[key] = "gone"
			continue
		}
		text, err := json.Marshal(r.Outputs)
		require.NoError(t, err)
		var outputs map[string]any
		require.NoError(t, json.Unmarshal(text, &outputs))
		taken.add(key, outputs)
	}
	n.pods(t, taken)
	n.clients(t, taken)
	return taken
}

// add tells a value in facts, one for each that is no object and no list. Elements
// of lists are known by what they are about, so that one more moves no other.
func (f fingerprint) add(at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if key == "managedFields" {
				f.owners(strings.TrimSuffix(at, " .metadata"), item)
				continue
			}
			f.add(at+" ."+key, item)
		}
	case []any:
		for i, item := range v {
			f.add(fmt.Sprintf("%s [%s]", at, about(i, item)), item)
		}
	default:
		f[at] = fmt.Sprint(v)
	}
}

// about names an element of a list.
func about(i int, item any) string {
	object, is := item.(map[string]any)
	if !is {
		return fmt.Sprint(item)
	}
	for _, key := range []string{"host", "path", "logType", "name", "networkUrl", "secretName"} {
		if name, given := object[key].(string); given {
			return name
		}
	}
	return fmt.Sprint(i)
}

// owners tells which manager owns which field.
func (f fingerprint) owners(at string, entries any) {
	list, _ := entries.([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		owned := fingerprint{}
		owned.leaves(entry["fieldsV1"], "")
		for field := range owned {
			f[fmt.Sprintf("%s owned by %v:%s", at, entry["manager"], field)] = fmt.Sprint(entry["operation"])
		}
	}
}

// leaves are the fields that have no fields below.
func (f fingerprint) leaves(fields any, path string) {
	below, _ := fields.(map[string]any)
	for name, inner := range below {
		if deeper, _ := inner.(map[string]any); len(deeper) == 0 {
			f[path+" "+strings.TrimPrefix(name, "f:")] = ""
			continue
		}
		f.leaves(inner, path+" "+strings.TrimPrefix(name, "f:"))
	}
}

// clients says what the load balancer answers to the IDE's clients.
func (n *neighbourhood) clients(t *testing.T, taken fingerprint) {
	t.Helper()
	const attack = "?id=1%27%20UNION%20SELECT%20password%20FROM%20users--"
	for _, asked := range []string{
		"api.coditect.ai/v2/files", "api.coditect.ai/" + attack, "coditect.ai/", "coditect.ai/api/x", "www.coditect.ai/docs", "docs.coditect.ai/",
	} {
		host, path, _ := strings.Cut(asked, "/")
		got := n.m.send(t, request{method: http.MethodGet, host: host, path: "/" + path, client: "ip=198.51.100.9;region=KP"})
		got.header.Del("Date")
		headers, err := json.Marshal(got.header)
		require.NoError(t, err)
		taken["client GET "+asked] = fmt.Sprintf("%d %s %s", got.status, headers, got.body)
	}
	for _, name := range []string{"coditect.ai", "www.coditect.ai", "api.coditect.ai", "docs.coditect.ai", ""} {
		taken["client TLS to the name "+name+", certificate"] = n.certificate(t, name, tls.VersionTLS12)
	}
	for version, name := range map[uint16]string{tls.VersionTLS10: "1.0", tls.VersionTLS11: "1.1", tls.VersionTLS13: "1.3"} {
		taken["client TLS "+name] = n.certificate(t, "coditect.ai", version)
	}
	taken["client WebSocket"] = n.echo(t)
}

// certificate is what a client sees that names a host, or none, and speaks a version
// of TLS at most.
func (n *neighbourhood) certificate(t *testing.T, name string, newest uint16) string {
	t.Helper()
	config := &tls.Config{RootCAs: n.m.roots, ServerName: name, MinVersion: tls.VersionTLS10, MaxVersion: newest}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", n.m.edge())
	// One that is for other names is shown, and refused.
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		return strings.Join(refused.UnverifiedCertificates[0].DNSNames, ",") + ", refused"
	}
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close() }()
	return strings.Join(conn.(*tls.Conn).ConnectionState().PeerCertificates[0].DNSNames, ",")
}

// echo says something on the WebSocket that was opened before the stack came.
func (n *neighbourhood) echo(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.socket.Write(ctx, websocket.MessageText, []byte("still there?")); err != nil {
		return err.Error()
	}
	_, said, err := n.socket.Read(ctx)
	return fmt.Sprintf("%s %v", said, err)
}

// ingressKey is the shared Ingress in a fingerprint.
const ingressKey = "Ingress " + cloudide.Ingress

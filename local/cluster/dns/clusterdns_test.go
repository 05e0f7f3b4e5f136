package dns_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/cluster/dns"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zones are what the stack declares: Google's APIs at private addresses.
func zones() []dns.Zone {
	many := dns.Record{Name: "many.pkg.dev.", Type: "A", TTL: 300}
	for last := range byte(60) {
		many.Data = append(many.Data, netip.AddrFrom4([4]byte{10, 0, 0, last}).String())
	}
	return []dns.Zone{
		{Domain: "googleapis.com.", Records: []dns.Record{
			{Name: "private.googleapis.com.", Type: "A", TTL: 300, Data: []string{"199.36.153.8", "199.36.153.9"}},
			{Name: "*.googleapis.com.", Type: "CNAME", TTL: 300, Data: []string{"private.googleapis.com."}},
			{Name: "round.googleapis.com.", Type: "CNAME", TTL: 300, Data: []string{"round.googleapis.com."}},
			{Name: "deep.in.googleapis.com.", Type: "TXT", TTL: 300, Data: []string{"text"}},
		}},
		{Domain: "pkg.dev.", Records: []dns.Record{
			{Name: "pkg.dev.", Type: "A", TTL: 300, Data: []string{"199.36.153.8"}},
			{Name: "*.pkg.dev.", Type: "CNAME", TTL: 300, Data: []string{"pkg.dev."}},
			many,
		}},
		dns.Cluster([]dns.Service{
			{Namespace: "coditect-app", Name: "license-api", Addresses: []netip.Addr{netip.MustParseAddr("34.118.230.7")}},
		}),
	}
}

// resolver asks a running server as any Go program does.
func resolver(t *testing.T) (*net.Resolver, netip.AddrPort) {
	t.Helper()
	at := port.Address(t)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- dns.New(zones).Serve(ctx, at, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, await.Receive(t, ended))
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		require.NoError(t, err)
	}
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at.String())
	}}, at
}

func TestNamesAreResolvedAsInACluster(t *testing.T) {
	t.Parallel()
	r, _ := resolver(t)
	for name, want := range map[string][]string{
		"cloudkms.googleapis.com":                    {"199.36.153.8", "199.36.153.9"},
		"CloudKMS.GoogleAPIs.com":                    {"199.36.153.8", "199.36.153.9"},
		"a.b.googleapis.com":                         {"199.36.153.8", "199.36.153.9"},
		"us-docker.pkg.dev":                          {"199.36.153.8"},
		"pkg.dev":                                    {"199.36.153.8"},
		"license-api.coditect-app.svc.cluster.local": {"34.118.230.7"},
	} {
		found, err := r.LookupHost(t.Context(), name+".")
		require.NoError(t, err, name)
		slices.Sort(found)
		assert.Equal(t, want, found, name)
	}
	found, err := r.LookupHost(t.Context(), "many.pkg.dev.")
	require.NoError(t, err)
	assert.Len(t, found, 60, "what does not fit in a packet is asked for by a connection")
}

func TestWhatIsNotDeclaredDoesNotExist(t *testing.T) {
	t.Parallel()
	r, _ := resolver(t)
	for _, name := range []string{"example.com", "evil.example", "googleapis.com.evil.example", "other.coditect-app.svc.cluster.local", "x.in.googleapis.com"} {
		_, err := r.LookupHost(t.Context(), name+".")
		var failed *net.DNSError
		require.ErrorAs(t, err, &failed, name)
		assert.True(t, failed.IsNotFound, "%s: %v", name, err)
	}
}

func TestEveryQueryGetsTheCodeItDeserves(t *testing.T) {
	t.Parallel()
	server := dns.New(zones)
	ask := func(change func(*dnsmessage.Message)) dnsmessage.Message {
		query := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
			Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("pkg.dev."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		}
		change(&query)
		packed, err := query.Pack()
		require.NoError(t, err)
		var reply dnsmessage.Message
		require.NoError(t, reply.Unpack(server.Answer(packed)))
		assert.Equal(t, uint16(7), reply.ID)
		assert.True(t, reply.Response)
		return reply
	}
	name := func(text string) func(*dnsmessage.Message) {
		return func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName(text) }
	}
	for what, c := range map[string]struct {
		change  func(*dnsmessage.Message)
		code    dnsmessage.RCode
		answers int
	}{
		"a name with an address":           {func(*dnsmessage.Message) {}, dnsmessage.RCodeSuccess, 1},
		"an alias comes with its target":   {name("x.pkg.dev."), dnsmessage.RCodeSuccess, 2},
		"an alias itself":                  {func(m *dnsmessage.Message) { name("x.pkg.dev.")(m); m.Questions[0].Type = dnsmessage.TypeCNAME }, dnsmessage.RCodeSuccess, 1},
		"a name without an IPv6 address":   {func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeAAAA }, dnsmessage.RCodeSuccess, 0},
		"a name that only has names below": {name("in.googleapis.com."), dnsmessage.RCodeSuccess, 0},
		"an unknown name":                  {name("example.com."), dnsmessage.RCodeNameError, 0},
		"aliases in a circle":              {name("round.googleapis.com."), dnsmessage.RCodeServerFailure, 0},
		"another class":                    {func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }, dnsmessage.RCodeRefused, 0},
		"another operation":                {func(m *dnsmessage.Message) { m.OpCode = 5 }, dnsmessage.RCodeNotImplemented, 0},
		"no question":                      {func(m *dnsmessage.Message) { m.Questions = nil }, dnsmessage.RCodeFormatError, 0},
		"two questions":                    {func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }, dnsmessage.RCodeFormatError, 0},
	} {
		reply := ask(c.change)
		assert.Equal(t, c.code, reply.RCode, what)
		assert.Len(t, reply.Answers, c.answers, what)
	}
	assert.Nil(t, server.Answer([]byte("nonsense")))
}

func TestTheEndOfTheServerIsTheEndOfItsConnections(t *testing.T) {
	t.Parallel()
	_, at := resolver(t)
	conn, err := net.Dial("tcp", at.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(await.Limit)))
	_, err = conn.Write([]byte{0, 3, 'x', 'y', 'z'})
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err, "who asks nothing is hung up on")
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func FuzzAnswer(f *testing.F) {
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("x.googleapis.com."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	packed, err := query.Pack()
	require.NoError(f, err)
	f.Add(packed)
	f.Add(packed[:12])
	server := dns.New(zones)
	f.Fuzz(func(t *testing.T, query []byte) {
		answer := server.Answer(query)
		if answer == nil {
			return
		}
		var reply dnsmessage.Message
		require.NoError(t, reply.Unpack(answer))
		assert.True(t, reply.Response)
		assert.Equal(t, query[:2], answer[:2], "the answer has the query's id")
	})
}

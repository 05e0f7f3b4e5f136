package loadbalancer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

func readAll(r *http.Request) (string, error) {
	content, err := io.ReadAll(r.Body)
	return string(content), err
}

func TestTheClientHeaderIsReadOrRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	fallback := loadbalancer.Client{IP: netip.MustParseAddr("127.0.0.1"), Region: "US", ASN: 7}
	for value, want := range map[string]struct {
		client loadbalancer.Client
		err    string
	}{
		"ip=203.0.113.9;region=DE;asn=64500": {client: loadbalancer.Client{IP: netip.MustParseAddr("203.0.113.9"), Region: "DE", ASN: 64500}},
		"ip=203.0.113.9":                     {client: loadbalancer.Client{IP: netip.MustParseAddr("203.0.113.9"), Region: "US", ASN: 7}},
		"ip=2001:db8::1; region=":            {client: loadbalancer.Client{IP: netip.MustParseAddr("2001:db8::1"), ASN: 7}},
		"region=DE":                          {err: "names no ip"},
		"":                                   {err: "at most once"},
		"ip=1.2.3.4;ip=1.2.3.4":              {err: "at most once"},
		"ip=1.2.3":                           {err: "is not an IP address"},
		"ip=fe80::1%eth0":                    {err: "is not an IP address"},
		"ip=1.2.3.4;region=us;asn=7":         {client: loadbalancer.Client{IP: netip.MustParseAddr("1.2.3.4"), Region: "us", ASN: 7}},
		"ip=1.2.3.4;region=T1;asn=7":         {client: loadbalancer.Client{IP: netip.MustParseAddr("1.2.3.4"), Region: "T1", ASN: 7}},
		"ip=1.2.3.4;region=A1;asn=7":         {client: loadbalancer.Client{IP: netip.MustParseAddr("1.2.3.4"), Region: "A1", ASN: 7}},
		"ip=1.2.3.4;region=ZZ;asn=7":         {client: loadbalancer.Client{IP: netip.MustParseAddr("1.2.3.4"), Region: "ZZ", ASN: 7}},
		"ip=1.2.3.4;region=D":                {err: "two letters or digits"},
		"ip=1.2.3.4;region=US,":              {err: "two letters or digits"},
		"ip=1.2.3.4;region=','":              {err: "two letters or digits"},
		"ip=1.2.3.4;asn=-1":                  {err: "0 to 4294967295"},
		"ip=1.2.3.4;country=DE":              {err: "allowed are ip, region and asn"},
	} {
		got, err := loadbalancer.ParseClient(value, fallback)
		if want.err != "" {
			require.ErrorContains(t, err, want.err, value)
			continue
		}
		require.NoError(t, err, value)
		assert.Equal(t, want.client, got, value)
	}
}

func FuzzAClientThatIsReadIsComplete(f *testing.F) {
	f.Add("ip=203.0.113.9;region=DE;asn=64500")
	f.Add("ip=::ffff:1.2.3.4;region=")
	f.Add(";;=;ip=")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := loadbalancer.ParseClient(value, loadbalancer.Client{})
		if err == nil && (!c.IP.IsValid() || c.IP.Zone() != "" || c.IP.Is4In6() || len(c.Region) != 0 && len(c.Region) != 2) {
			t.Errorf("%q was read as %+v", value, c)
		}
	})
}

func TestAMalformedClientHeaderIsAClearProblemAndGoesNowhere(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("hello"))
	require.NoError(t, d.Update(serving(p)))
	for _, headers := range [][]string{
		{"X-Local-Client: somewhere"},
		{"X-Local-Client: ip=1.2.3.4", "X-Local-Client: ip=1.2.3.5"},
	} {
		got := d.get("https://"+licenses+"/", headers...)
		assert.Equal(t, http.StatusBadRequest, got.status)
		assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		var problem map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.body), &problem))
		assert.Contains(t, problem["detail"], "X-Local-Client")
	}
	assert.Empty(t, p.requests())
}

func TestTheBackendSeesTheLoadBalancersHeaders(t *testing.T) {
	t.Parallel()
	d, p := open(t), startPod(t, says("hello"))
	config := serving(p)
	require.NoError(t, d.Update(config))
	trace := "0123456789abcdef0123456789abcdef"
	got := d.get("https://"+licenses+"/a%2Fb?x=1;y=2&z=%zz",
		"X-Local-Client: ip=203.0.113.9;region=DE", "X-Forwarded-For: 192.0.2.1",
		"X-Cloud-Trace-Context: "+trace+"/7;o=1", "Connection: X-Hop", "X-Hop: 1")
	d.get("https://" + licenses + "/")

	assert.Equal(t, "1.1 google", got.header.Get("Via"))
	require.Len(t, p.requests(), 2)
	first, second := p.requests()[0], p.requests()[1]
	assert.Equal(t, "192.0.2.1,203.0.113.9,198.51.100.7", first.Header.Get("X-Forwarded-For"))
	assert.Equal(t, "https", first.Header.Get("X-Forwarded-Proto"))
	assert.Equal(t, "1.1 google", first.Header.Get("Via"))
	assert.Equal(t, trace+"/7;o=1", first.Header.Get("X-Cloud-Trace-Context"))
	assert.Empty(t, first.Header.Values("X-Local-Client"))
	assert.Empty(t, first.Header.Values("X-Hop"))
	assert.Equal(t, licenses, first.Host)
	assert.Equal(t, "/a%2Fb?x=1;y=2&z=%zz", first.RequestURI, "path and query pass unchanged")

	assert.Equal(t, "127.0.0.1,198.51.100.7", second.Header.Get("X-Forwarded-For"))
	assert.Regexp(t, `^[0-9a-f]{32}/\d+$`, second.Header.Get("X-Cloud-Trace-Context"))
}

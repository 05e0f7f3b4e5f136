package expression_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/expression"
)

// silent answers no to everything.
type silent struct{}

func (silent) PreconfiguredWAF(expression.WAFCall) (bool, error) { return false, nil }
func (silent) Listed(string, netip.Addr, []netip.Prefix) bool    { return false }
func (silent) UnderAttack(string) bool                           { return false }

// answers records what an expression asks and gives fixed answers.
type answers struct {
	calls  []expression.WAFCall
	fires  bool
	fails  error
	listed map[string]netip.Addr
	alert  string
}

func (a *answers) PreconfiguredWAF(call expression.WAFCall) (bool, error) {
	a.calls = append(a.calls, call)
	return a.fires, a.fails
}

func (a *answers) Listed(list string, address netip.Addr, except []netip.Prefix) bool {
	return a.listed[list] == address && !expression.InRanges(address, except)
}

func (a *answers) UnderAttack(alert string) bool { return a.alert == alert }

func request() expression.Attributes {
	return expression.Attributes{
		IP: "203.0.113.9", UserIP: "2001:db8::1", RegionCode: "DE", ASN: 64500, Method: "POST", Path: "/V1/licenses/a%2Fb", Query: "q=%3Cb%3E+x&u=%u0041",
		Scheme: "https", TLSJA3: "ja3", TLSJA4: "ja4",
		Headers: map[string]string{"host": "Licenses.Coditect.AI", "x-b64": "bXlWYWx1ZQ", "x-utf8": "a¬b", "content-length": "12", "x-url64": "-_8"},
	}
}

func TestExpressionsSeeTheRequest(t *testing.T) {
	t.Parallel()
	l := language(t)
	for source, want := range map[string]bool{
		"inIpRange(origin.ip, '203.0.113.0/24')":                                     true,
		"inIpRange(origin.ip, '203.0.114.0/24')":                                     false,
		"inIpRange(origin.user_ip, '2001:db8::/32')":                                 true,
		"origin.region_code == 'DE' && origin.asn == 64500":                          true,
		"origin.region_code == '' || !'[US,DE]'.contains(origin.region_code)":        false,
		"request.method == 'POST' && request.scheme == 'https'":                      true,
		"request.path.lower().startsWith('/v1/') && request.path.endsWith('b')":      true,
		"request.path.upper().contains('LICENSES')":                                  true,
		"request.path.urlDecode() == '/V1/licenses/a/b'":                             true,
		"request.query.urlDecode().contains('<b> x')":                                true,
		"request.query.urlDecode().contains('A')":                                    false,
		"request.query.urlDecodeUni().contains('u=A')":                               true,
		"request.path.matches('(?i)LICENSES/[a-z]%2f')":                              true,
		"request.headers['host'].lower() == 'licenses.coditect.ai'":                  true,
		"request.headers['x-b64'].base64Decode() == 'myValue'":                       true,
		"request.headers['host'].base64Decode() == ''":                               true,
		"request.headers['x-utf8'].utf8ToUnicode() == 'a%u00acb'":                    true,
		"int(request.headers['content-length']) > 11":                                true,
		"size(request.method) == 4":                                                  true,
		"has(request.headers['missing'])":                                            false,
		"has(request.headers['missing']) && request.headers['missing'] == 'x'":       false,
		"request.headers['missing'] == 'x' || request.method == 'POST'":              true,
		"token.recaptcha_action.valid || token.recaptcha_session.score > 0.1":        false,
		"origin.tls_ja3_fingerprint == 'ja3' && origin.tls_ja4_fingerprint == 'ja4'": true,
		"!(request.method == 'GET')":                                                 true,
	} {
		program, err := l.Compile(source)
		require.NoError(t, err, source)
		got, err := program.Matches(request(), silent{})
		require.NoError(t, err, source)
		assert.Equal(t, want, got, source)
	}
}

func TestAnErrorIsNoMatch(t *testing.T) {
	t.Parallel()
	l := language(t)
	for _, source := range []string{
		"request.headers['missing'] == 'x'", "int(request.headers['host']) == 1", "!(request.headers['missing'] == 'x')",
	} {
		program, err := l.Compile(source)
		require.NoError(t, err)
		matched, err := program.Matches(request(), silent{})
		require.Error(t, err, source)
		assert.False(t, matched, source)
	}
}

func TestFunctionsAreAskedWithTheirArguments(t *testing.T) {
	t.Parallel()
	l := language(t)
	fixture := &answers{
		fires: true, alert: "",
		listed: map[string]netip.Addr{"iplist-known-malicious-ips": netip.MustParseAddr("203.0.113.9"), "group": netip.MustParseAddr("2001:db8::1")},
	}
	for source, want := range map[string]bool{
		"evaluatePreconfiguredWaf('xss-v422-stable')":                                             true,
		"evaluateThreatIntelligence('iplist-known-malicious-ips')":                                true,
		"evaluateThreatIntelligence('iplist-known-malicious-ips', ['203.0.113.0/24'])":            false,
		"evaluateThreatIntelligence('iplist-known-malicious-ips', ['192.0.2.1'])":                 true,
		"evaluateThreatIntelligence('iplist-known-malicious-ips', origin.user_ip, ['192.0.2.1'])": false,
		"evaluateAddressGroup('group', origin.user_ip)":                                           true,
		"evaluateAdaptiveProtectionAutoDeploy()":                                                  true,
		"evaluateAdaptiveProtection('other')":                                                     false,
	} {
		program, err := l.Compile(source)
		require.NoError(t, err, source)
		got, err := program.Matches(request(), fixture)
		require.NoError(t, err, source)
		assert.Equal(t, want, got, source)
	}
	require.Equal(t, []expression.WAFCall{{Set: "xss-v422-stable", Sensitivity: 4}}, fixture.calls, "no sensitivity means every signature")

	program, err := l.Compile("evaluatePreconfiguredWaf('xss-v422-stable')")
	require.NoError(t, err)
	_, err = program.Matches(request(), &answers{fails: errors.New("no rules")})
	require.ErrorContains(t, err, "no rules")
}

func TestACallSelectsSignatures(t *testing.T) {
	t.Parallel()
	upTo2 := expression.WAFCall{Sensitivity: 2, OptOut: []string{"out"}}
	assert.True(t, upTo2.Selects("a", 1))
	assert.True(t, upTo2.Selects("a", 2))
	assert.False(t, upTo2.Selects("a", 3))
	assert.False(t, upTo2.Selects("out", 1))
	optIn := expression.WAFCall{OptIn: []string{"in"}}
	assert.True(t, optIn.Selects("in", 4))
	assert.False(t, optIn.Selects("a", 1))
}

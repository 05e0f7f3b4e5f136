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

// The documented transformations leave alone what is not an encoding
// (https://cloud.google.com/armor/docs/rules-language-reference#operations).
func TestTextIsDecodedAndWhatIsNoEncodingStays(t *testing.T) {
	t.Parallel()
	l := language(t)
	for function, rows := range map[string]map[string]string{
		"urlDecode": {
			"%41%62c": "Abc", "a+b": "a b", "%4a%4A": "JJ", "%": "%", "100%": "100%", "a%4": "a%4", "%4g": "%4g", "%g4": "%g4", "x41": "x41", "%u0041": "%u0041", "": "",
		},
		"urlDecodeUni": {
			"%u0041b": "Ab", "%U00e9": "é", "a%u0041": "aA", "%41": "A", "a+b": "a b", "%u004": "%u004", "a%u": "a%u", "%": "%", "xu0041": "xu0041", "%x0041": "%x0041", "%u00g1": "%u00g1",
		},
		"utf8ToUnicode": {
			"a~\x7f": "a~\x7f", "\u0080": "%u0080", "é€": "%u00e9%u20ac", "a\xffb": "a\xffb", "\ufffd": "%ufffd",
		},
		"base64Decode": {
			"bXlWYWx1ZQ": "myValue", "bXlWYWx1ZQ==": "myValue", "fn5-Pz8_": "~~~???", "fn5+Pz8/": "~~~???", "no base64": "",
		},
	} {
		program, err := l.Compile("request.headers['in']." + function + "() == request.headers['out']")
		require.NoError(t, err)
		for in, out := range rows {
			same, err := program.Matches(expression.Attributes{Headers: map[string]string{"in": in, "out": out}}, silent{})
			require.NoError(t, err, in)
			assert.True(t, same, "%q.%s() is %q", in, function, out)
		}
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

// Which signatures run is checked when an expression is compiled, from what was written, and
// asked for when it is evaluated. Both have to be the same call.
func TestASetIsAskedForTheSignaturesThatWereWritten(t *testing.T) {
	t.Parallel()
	l := language(t)
	for options, want := range map[string]expression.WAFCall{
		"":                     {Sensitivity: 4},
		", {}":                 {Sensitivity: 4},
		", {'sensitivity': 1}": {Sensitivity: 1},
		", {'sensitivity': 4}": {Sensitivity: 4},
		", {'sensitivity': 2, 'opt_out_rule_ids': ['owasp-crs-v042200-id941100-xss', 'owasp-crs-v042200-id941110-xss']}": {
			Sensitivity: 2, OptOut: []string{"owasp-crs-v042200-id941100-xss", "owasp-crs-v042200-id941110-xss"},
		},
		", {'sensitivity': 0, 'opt_in_rule_ids': ['owasp-crs-v042200-id941100-xss']}": {OptIn: []string{"owasp-crs-v042200-id941100-xss"}},
	} {
		want.Set = "xss-v422-stable"
		program, err := l.Compile("evaluatePreconfiguredWaf('xss-v422-stable'" + options + ")")
		require.NoError(t, err, options)
		assert.Equal(t, []expression.WAFCall{want}, program.WAFCalls(), options)
		asked := &answers{fires: true}
		matched, err := program.Matches(request(), asked)
		require.NoError(t, err, options)
		assert.True(t, matched, options)
		assert.Equal(t, []expression.WAFCall{want}, asked.calls, options)
	}
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

package expression_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/expression"
)

func language(t testing.TB) *expression.Language {
	t.Helper()
	l, err := expression.NewLanguage()
	require.NoError(t, err)
	return l
}

// TestExpressionsOfGooglesDocumentationCompile takes the examples of
// https://cloud.google.com/armor/docs/rules-language-reference.
func TestExpressionsOfGooglesDocumentationCompile(t *testing.T) {
	t.Parallel()
	l := language(t)
	for _, source := range []string{
		"inIpRange(origin.ip, '198.51.100.0/24')",
		"inIpRange(origin.ip, '2001:db8::/32')",
		"inIpRange(origin.user_ip, '192.0.2.0/24')",
		"has(request.headers['cookie']) && request.headers['cookie'].contains('80=BLAH')",
		`has(request.headers['referer']) && request.headers['referer'] != ""`,
		"has(request.headers['cookie'])==true",
		"request.headers['host'].lower() == 'test.example.com'",
		`request.headers['host'].matches('(?i:(sub\\.)?test\\.example\\.com)')`,
		"origin.region_code == 'AU'",
		"origin.asn == 123",
		`origin.region_code == "AU" && inIpRange(origin.ip, '1.2.3.0/24')`,
		"request.path.matches('/example_path/')",
		"has(request.headers['user-id']) && request.headers['user-id'].base64Decode().contains('myValue')",
		"size(request.path) > 10",
		"size(request.headers['x-data']) >= 1024",
		`int(request.headers["content-length"]) == 0`,
		"has(request.headers['cookie']) && request.headers['cookie'].urlDecode().contains('<')",
		"has(request.headers['cookie']) && request.headers['cookie'].urlDecodeUni() == 'Match+Value'",
		"has(request.headers['cookie']) && request.headers['cookie'].utf8ToUnicode() == '%u00ac'",
		"origin.tls_ja4_fingerprint == 't13d1516h2_8daaf6152771_b186095e22b6'",
		"token.recaptcha_action.score < 0.5 && token.recaptcha_action.valid",
		"evaluatePreconfiguredWaf('xss-v422-stable')",
		"evaluatePreconfiguredWaf('xss-v422-stable', {'opt_out_rule_ids': ['owasp-crs-v042200-id941100-xss',\n'owasp-crs-v042200-id941110-xss']})",
		"inIpRange(origin.ip, '198.51.100.0/24') && evaluatePreconfiguredWaf('sqli-v422-stable')",
		"evaluatePreconfiguredWaf(\n'cve-canary',\n{\n'sensitivity': 0,\n'opt_in_rule_ids': ['owasp-crs-v042200-id044228-cve', 'owasp-crs-v042200-id144228-cve']\n}\n)",
		"evaluatePreconfiguredWaf('json-sqli-canary', {'sensitivity':0, 'opt_in_rule_ids': ['owasp-crs-id942550-sqli']})",
		"evaluateThreatIntelligence('iplist-known-malicious-ips')",
		"evaluateThreatIntelligence('iplist-known-malicious-ips', ['203.0.113.0/24'])",
		"evaluateThreatIntelligence('iplist-known-malicious-ips', origin.user_ip, ['203.0.113.0/24'])",
		"evaluateAddressGroup('my-own-list-of-bad-ips', origin.user_ip)",
		"evaluateAdaptiveProtection('01')",
		"evaluateAdaptiveProtectionAutoDeploy()",
		"request.path == '/a' + '/b'",
		`request.path == R"/fo'o"`,
		"!'[US,CA,GB]'.contains(origin.region_code)",
	} {
		_, err := l.Compile(source)
		assert.NoError(t, err, source)
	}
}

func TestWhatTheLanguageDoesNotHaveIsRefused(t *testing.T) {
	t.Parallel()
	l := language(t)
	for source, says := range map[string]string{
		"":                                   "is empty",
		"true":                               "", // a constant is allowed
		"origin.region_code in ['US', 'CA']": "operator in is not in",
		"evaluatePreconfiguredExpr('sqli-stable')": "deprecated",
		"origin.region == 'US'":                    "undeclared reference",
		"request.body.contains('x')":               "undeclared reference",
		"request.path.size() > 3":                  "found no matching overload",
		"origin.asn + 1 == 2":                      "no matching overload",
		"request.path ? true : false":              "undeclared reference",
		"[1].exists(x, x == 1)":                    "undeclared reference",
		"request.path":                             "is of type string; allowed: bool",
		"origin.asn == '123'":                      "no matching overload",
		"request.path.matches('(')":                "matches: error parsing regexp",
		"inIpRange(origin.ip, '10.0.0.0/33')":      "inIpRange",
		"has(request.path)":                        "has() tests a key of a map",
		"has(request.path == '/')":                 "has() tests a key of a map",
		"has(request.path.lower())":                "has() tests a key of a map",
		"request.path == 'a":                       "does not parse",
		"request.path == '/' // && hidden":         "comment",
		"evaluatePreconfiguredWaf('sqli-stable')":  "does not exist",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 5})":                                                                                                                  "allowed: 0 to 4",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 0})":                                                                                                                  "opt_in_rule_ids go with sensitivity 0",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': -1})":                                                                                                                 "allowed: 0 to 4",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_in_rule_ids': ['owasp-crs-v042200-id942100-sqli']})":                                                          "opt_in_rule_ids go with sensitivity 0",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 0, 'opt_in_rule_ids': ['owasp-crs-v042200-id942100-sqli'], 'opt_out_rule_ids': ['owasp-crs-v042200-id942100-sqli']})": "allowed: one of them",
		"evaluatePreconfiguredWaf()":                                                                                           "takes a set and an optional map",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {}, {})":                                                                 "takes a set and an optional map",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'paranoia': 1})":                                                        "is not known",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': '1'})":                                                   "not an integer",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'opt_out_rule_ids': ['942100']})":                                       "not one of set",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'opt_out_rule_ids': ['owasp-crs-v042200-id941100-xss']})":               "not one of set",
		"evaluatePreconfiguredWaf(request.path)":                                                                               "not a string literal",
		"origin.asn == 1" + strings.Repeat(" || origin.asn == 1", 5):                                                           "6 subexpressions; allowed: 5",
		"(origin.asn == 1 || (origin.asn == 2 && (origin.asn == 3 || origin.asn == 4))) && !(origin.asn == 5 || true)":         "6 subexpressions",
		"request.path == '" + strings.Repeat("x", 1010) + "'":                                                                  "1028 characters; allowed: 1024",
		fmt.Sprintf("request.path == '%[1]s' || request.path == '%[1]s' || request.path == '%[1]s'", strings.Repeat("x", 700)): "allowed: 2048",
	} {
		_, err := l.Compile(source)
		if says == "" {
			assert.NoError(t, err, source)
			continue
		}
		require.ErrorContains(t, err, says, source)
	}
}

func TestAnExpressionMayBeAsLargeAsGoogleAllows(t *testing.T) {
	t.Parallel()
	l := language(t)
	of := func(length int) string {
		return "request.path == '" + strings.Repeat("é", length-len("request.path == ''")) + "'"
	}
	for limit, sources := range map[string][2]string{
		"5 parts":                           {"true || true && true || true && true", "true || true && true || true && true || true"},
		"1024 characters, not bytes a part": {of(1024), of(1025)},
		"2048 characters, not bytes":        {of(1022) + " || " + of(1022), of(1023) + " || " + of(1022)},
	} {
		_, err := l.Compile(sources[0])
		assert.NoError(t, err, limit)
		_, err = l.Compile(sources[1])
		assert.ErrorContains(t, err, "allowed: ", limit)
	}
}

func TestOperatorsInTextJoinNothing(t *testing.T) {
	t.Parallel()
	assert.Len(t, expression.Subexpressions(`request.path == 'a && b || c' && request.query == "x'||'y"`), 2)
	assert.Len(t, expression.Subexpressions(`request.path.matches(r'\') || origin.asn == 1`), 2)
	assert.Len(t, expression.Subexpressions(`request.path.matches(R'\') || origin.asn == 1`), 2)
	assert.Len(t, expression.Subexpressions(`request.path == 'it\'s && fine'`), 1)
	assert.Len(t, expression.Subexpressions(`request.path == 'it\'s' && fine`), 2)
	assert.Len(t, expression.Subexpressions(`request.path == """a " && b""" || true`), 2)
}

func TestAProgramTellsWhatItAsksFor(t *testing.T) {
	t.Parallel()
	program, err := language(t).Compile("has(request.headers['X-A']) && request.headers['x-b'] == '' && evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 2, 'opt_out_rule_ids': ['owasp-crs-v030301-id942251-sqli']})")
	require.NoError(t, err)
	assert.Equal(t, []string{"X-A", "x-b"}, program.Headers())
	assert.Equal(t, []expression.WAFCall{{Set: "sqli-v33-stable", Sensitivity: 2, OptOut: []string{"owasp-crs-v030301-id942251-sqli"}}}, program.WAFCalls())
}

// FuzzCompile wants no panic, and limits that hold for everything that compiles.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		"origin.region_code == '' || !'[US,CA]'.contains(origin.region_code)",
		"evaluatePreconfiguredWaf('sqli-v422-stable', {'sensitivity': 1, 'opt_out_rule_ids': ['owasp-crs-v042200-id942251-sqli']})",
		"has(request.headers['a']) && request.headers['a'].matches(r'(?i)x')", "((((!true))))", "'\\", "\"\"\"", "{'a': [1, {}]}", "evaluatePreconfiguredWaf()", "has()", "// '", "a.b.c()",
	} {
		f.Add(seed)
	}
	l := language(f)
	f.Fuzz(func(t *testing.T, source string) {
		program, err := l.Compile(source)
		if err != nil {
			return
		}
		if len([]rune(source)) > expression.MaxLength || len(expression.Subexpressions(source)) > expression.MaxSubexpressions {
			t.Fatalf("%q compiles beyond the limits", source)
		}
		// Whatever compiles can be evaluated; an error means no match.
		if matched, err := program.Matches(expression.Attributes{IP: "203.0.113.9"}, silent{}); err != nil && matched {
			t.Fatalf("%q matches although it fails: %v", source, err)
		}
	})
}

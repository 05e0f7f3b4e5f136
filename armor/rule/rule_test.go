package rule_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/rule"
)

func TestAnActionTellsWhatItDoes(t *testing.T) {
	t.Parallel()
	for action, want := range map[rule.Action]struct {
		status      int
		letsThrough bool
		rateLimit   bool
	}{
		rule.Allow:        {0, true, false},
		rule.Deny403:      {403, false, false},
		rule.Deny502:      {502, false, false},
		rule.Throttle:     {0, true, true},
		rule.RateBasedBan: {0, true, true},
		"deny(x)":         {0, false, false},
		"redirect":        {0, false, false},
	} {
		assert.Equal(t, want.status, action.Status(), action)
		assert.Equal(t, want.status != 0, action.IsDeny(), action)
		assert.Equal(t, want.letsThrough, action.LetsThrough(), action)
		assert.Equal(t, want.rateLimit, action.IsRateLimit(), action)
	}
}

func TestASetIsKnownByItsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]rule.Set{
		"sqli-v422-stable":    {Name: "sqli-v422-stable", Category: "sqli", Generation: rule.V422},
		"xss-v33-canary":      {Name: "xss-v33-canary", Category: "xss", Generation: rule.V33},
		"generic-v422-stable": {Name: "generic-v422-stable", Category: "generic", Generation: rule.V422},
		"nodejs-v33-stable":   {Name: "nodejs-v33-stable", Category: "nodejs", Generation: rule.V33},
		"cve-canary":          {Name: "cve-canary", Category: "cve"},
		"json-sqli-canary":    {Name: "json-sqli-canary", Category: "json-sqli"},
	} {
		set, err := rule.ParseSet(name)
		require.NoError(t, err)
		assert.Equal(t, want, set)
	}
	for _, name := range []string{"sqli-stable", "sqli-v33", "nodejs-v422-stable", "generic-v33-stable", "project-shield-stable", "", "cve-stable", "-v422-stable"} {
		_, err := rule.ParseSet(name)
		require.ErrorContains(t, err, "does not exist", name)
	}
}

func TestASignatureBelongsToOneSet(t *testing.T) {
	t.Parallel()
	for set, ids := range map[string]struct{ good, bad []string }{
		"sqli-v422-stable": {
			[]string{"owasp-crs-v042200-id942251-sqli"},
			[]string{"owasp-crs-v030301-id942251-sqli", "owasp-crs-v042200-id942251-xss", "owasp-crs-v042200-id94225-sqli", "942251", "owasp-crs-v042200-id942251-sqli'"},
		},
		"sqli-v33-stable":  {[]string{"owasp-crs-v030301-id942251-sqli"}, []string{"owasp-crs-v042200-id942251-sqli"}},
		"cve-canary":       {[]string{"owasp-crs-v042200-id044228-cve", "owasp-crs-v030001-id344228-cve", "google-mrs-v202512-id000001-rce"}, []string{"owasp-crs-v042200-id444228-cve"}},
		"json-sqli-canary": {[]string{"owasp-crs-id942550-sqli"}, []string{"owasp-crs-v042200-id942550-sqli"}},
	} {
		parsed, err := rule.ParseSet(set)
		require.NoError(t, err)
		for _, id := range ids.good {
			assert.NoError(t, parsed.CheckSignature(id))
		}
		for _, id := range ids.bad {
			assert.ErrorContains(t, parsed.CheckSignature(id), "allowed: ", id)
		}
	}
}

func TestAFieldIsComparedWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		field rule.Field
		name  string
		want  bool
	}{
		{rule.Field{Operator: "EQUALS", Value: "X-Html"}, "x-html", true},
		{rule.Field{Operator: "EQUALS", Value: "x-html"}, "x-html2", false},
		{rule.Field{Operator: "STARTS_WITH", Value: "x-"}, "X-Html", true},
		{rule.Field{Operator: "STARTS_WITH", Value: "html"}, "X-Html", false},
		{rule.Field{Operator: "ENDS_WITH", Value: "html"}, "X-HTML", true},
		{rule.Field{Operator: "CONTAINS", Value: "-h"}, "X-Html", true},
		{rule.Field{Operator: "EQUALS_ANY"}, "whatever", true},
		{rule.Field{Operator: "LIKE", Value: "x"}, "x", false},
	} {
		assert.Equal(t, row.want, row.field.Matches(row.name), "%v %s", row.field, row.name)
	}
}

func TestACheckListsEveryMistake(t *testing.T) {
	t.Parallel()
	err := rule.Rule{Name: "all-wrong", Priority: -1, Action: "block", Description: strings.Repeat("å", 65)}.Check()
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	assert.Len(t, lines, 4)
	for _, line := range lines {
		assert.Contains(t, line, "rule -1 (all-wrong): ")
	}
}

func TestTheDefaultRuleMatchesEverybodyAndIsEnforced(t *testing.T) {
	t.Parallel()
	good := rule.Rule{Priority: rule.DefaultPriority, Action: rule.Allow, Match: rule.Match{SourceRanges: []string{"*"}}}
	require.NoError(t, good.Check())
	narrow, preview := good, good
	narrow.Match.SourceRanges = []string{"192.0.2.0/24"}
	preview.Preview = true
	assert.ErrorContains(t, narrow.Check(), "default rule")
	assert.ErrorContains(t, preview.Check(), "default rule")
}

func TestAnExclusionGoesWithADeny(t *testing.T) {
	t.Parallel()
	allowed := rule.Rule{
		Priority: 1, Action: rule.Allow, Match: rule.Match{Expression: "evaluatePreconfiguredWaf('xss-v422-stable')"},
		Exclusions: []rule.Exclusion{{Set: "xss-v422-stable", Cookies: []rule.Field{{Operator: "EQUALS_ANY"}}}},
	}
	require.ErrorContains(t, allowed.Check(), "cannot have the action allow")
	allowed.Action = rule.Deny403
	require.NoError(t, allowed.Check())
}

func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "192.0.2.77/24", "2001:db8::1/32", "::ffff:1.2.3.4", "fe80::1%eth0", "/", "1.2.3.4/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prefix, err := rule.ParseRange(text)
		if err == nil && (!prefix.IsValid() || prefix.Masked() != prefix) {
			t.Fatalf("%q becomes %v", text, prefix)
		}
	})
}

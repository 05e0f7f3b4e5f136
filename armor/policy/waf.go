package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// WAF are the preconfigured rule sets.
// Source: https://cloud.google.com/armor/docs/waf-rules
type WAF struct {
	// Generation is v422 (OWASP CRS 4.22, default) or v33 (CRS 3.3).
	Generation rule.Generation `json:"generation,omitempty"`
	// Sensitivity is OWASP's paranoia level for every set, 1 (default) to 4.
	Sensitivity int `json:"sensitivity,omitempty"`
	// Sets changes single sets, by category: sqli, xss, lfi, rfi, rce,
	// methodenforcement, scannerdetection, protocolattack, php,
	// sessionfixation, java, generic (nodejs in v33), cve-canary and
	// json-sqli-canary. All sets are on unless they are turned off here.
	Sets map[string]Set `json:"sets,omitempty"`
	// Action is what becomes of a request that a set matches: deny(403)
	// (default), deny(404) or deny(502).
	Action rule.Action `json:"action,omitempty"`
	// InspectAll has the sets inspect the fields that are opaque to the API, too:
	// fingerprint, product, metadata, reservations, features, name and user, and the ids of licences. Default false; see
	// opaqueFields.
	InspectAll bool `json:"inspectAll,omitempty"`
}

// Set changes one rule set.
type Set struct {
	// Off takes the set away.
	Off bool `json:"off,omitempty"`
	// Preview logs instead of denying.
	Preview bool `json:"preview,omitempty"`
	// Sensitivity of this set, 1 to 4; 0 means that of all sets.
	Sensitivity int `json:"sensitivity,omitempty"`
	// OptOut are ids of signatures that are not evaluated, of this generation,
	// for example owasp-crs-v042200-id942251-sqli. Left out, the design's
	// opt-outs apply; an empty list means none. The design's are all of
	// sensitivity 2 to 4: at 1, the default, they change nothing.
	OptOut []string `json:"optOut,omitempty"`
	// OptIn are the only signatures of the set that are evaluated, whatever their
	// sensitivity. Not together with OptOut or Sensitivity.
	OptIn []string `json:"optIn,omitempty"`
	// Exclusions are request fields that the set does not look at, besides those
	// that are opaque to the API. Google takes 100 of a kind, and counts the program's
	// own, seven of the query.
	Exclusions []Exclusion `json:"exclusions,omitempty"`
}

// Exclusion takes request fields out of a set's inspection.
// Source: https://cloud.google.com/armor/docs/rule-tuning
type Exclusion struct {
	// Signatures that skip the fields; none means all of the set.
	Signatures []string `json:"signatures,omitempty"`
	// Headers, Cookies, QueryParams (in the query or the body) and URIs are
	// compared by name, ignoring case. A name has letters, digits and !#$%&*+-.^_`|~ only, so
	// items[0] is named as STARTS_WITH items.
	Headers     []rule.Field `json:"headers,omitempty"`
	Cookies     []rule.Field `json:"cookies,omitempty"`
	QueryParams []rule.Field `json:"queryParams,omitempty"`
	URIs        []rule.Field `json:"uris,omitempty"`
}

// designOptOuts are the signatures that the design opts out of, by CRS number. All
// of them belong to paranoia level 2, 3 or 4, so at sensitivity 1 they change
// nothing; TestTheDesignsOptOutsChangeNothingAtSensitivityOne holds that.
// 913101 and 913102 were merged away in CRS 4 and exist in v33 only.
func designOptOuts(generation rule.Generation, category string) []string {
	numbers := map[string][]int{
		"sqli": {942251, 942420, 942431, 942432},
		"xss":  {941150, 941320, 941330, 941340},
	}
	if generation == rule.V33 {
		numbers["scannerdetection"] = []int{913101, 913102}
	}
	var ids []string
	for _, number := range numbers[category] {
		ids = append(ids, generation.Signature(number, category))
	}
	return ids
}

// categories are the sets of a generation in the order of their priorities.
func categories(generation rule.Generation) []string {
	return append(generation.Categories(), rule.CVESet, rule.JSONSQLiSet)
}

// wafRules are the sets that are on, each at the priority that is its own
// whatever the others do.
func wafRules(settings Settings) []rule.Rule {
	var rules []rule.Rule
	for place, category := range categories(settings.WAF.Generation) {
		set := settings.WAF.Sets[category]
		if set.Off {
			continue
		}
		name := settings.WAF.Generation.SetName(category)
		declared := rule.Rule{
			Name:        "waf-" + strings.TrimSuffix(category, "-canary"),
			Priority:    wafBand.first + place*wafStep,
			Action:      settings.WAF.Action,
			Description: "WAF: " + name,
			Match:       rule.Match{Expression: wafExpression(settings.WAF, category, set)},
			Preview:     settings.Preview || set.Preview,
		}
		declared.Exclusions = append(opaqueExclusions(settings.WAF, category), commonExclusions(settings.WAF, category)...)
		rules = append(rules, declared)
	}
	return append(rules, otherRequestRules(settings)...)
}

// wafExpression calls one set. The only signature of json-sqli-canary is filed
// under sensitivity 2, so it is opted in by name, as Google recommends.
func wafExpression(waf WAF, category string, set Set) string {
	name := waf.Generation.SetName(category)
	if category == rule.JSONSQLiSet {
		return fmt.Sprintf("evaluatePreconfiguredWaf('%s', {'sensitivity': 0, 'opt_in_rule_ids': ['%s']})", name, rule.JSONSQLiSignature)
	}
	sensitivity := set.Sensitivity
	if sensitivity == 0 {
		sensitivity = waf.Sensitivity
	}
	if len(set.OptIn) > 0 {
		return fmt.Sprintf("evaluatePreconfiguredWaf('%s', {'sensitivity': 0, 'opt_in_rule_ids': [%s]})", name, quoted(set.OptIn))
	}
	optOut := set.OptOut
	if optOut == nil {
		optOut = designOptOuts(waf.Generation, category)
	}
	if len(optOut) == 0 {
		return fmt.Sprintf("evaluatePreconfiguredWaf('%s', {'sensitivity': %d})", name, sensitivity)
	}
	return fmt.Sprintf("evaluatePreconfiguredWaf('%s', {'sensitivity': %d, 'opt_out_rule_ids': [%s]})",
		name, sensitivity, quoted(optOut))
}

func quoted(ids []string) string {
	texts := slices.Clone(ids)
	for i, id := range texts {
		texts[i] = "'" + id + "'"
	}
	return strings.Join(texts, ", ")
}

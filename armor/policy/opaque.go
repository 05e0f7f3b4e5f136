package policy

import (
	"fmt"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// opaqueFields are the members of the API's bodies that hold whatever their user
// likes: the name of a device (docker-01, C:\Program Files\App, $HOSTNAME), of a
// product (MySQL Workbench), of a group (Bash & Perl users), of a feature
// (python3.12) and of a service credential (python3 build server), and an
// administrator's notes in any language. To the API they are
// opaque: bound parameters of SQL, never part of a path, a command or a page.
// Signatures of SQL, shell and scripts misjudge them, for good: a device keeps its
// name.
//
// "Note that the parameter can be in the query string or in the POST body"
// (SecurityPolicyRulePreconfiguredWafConfigExclusion.requestQueryParamsToExclude
// of Google's Compute API v1). A nested member is named by its path, as Cloud
// Armor's logs name it: metadata.note
// (https://cloud.google.com/armor/docs/request-logging, matchedFieldName). How an
// item of a list is named is not documented, so nothing is said of what follows the
// list's name.
func opaqueFields() []rule.Field {
	return []rule.Field{
		{Operator: "EQUALS", Value: "fingerprint"},
		{Operator: "EQUALS", Value: "product"},
		{Operator: "STARTS_WITH", Value: "metadata."},
		{Operator: "STARTS_WITH", Value: "reservations"},
		{Operator: "STARTS_WITH", Value: "features"},
		{Operator: "EQUALS", Value: "name"},
		{Operator: "EQUALS", Value: "user"},
	}
}

// opaqueRequests matches the requests that have such fields: acquire and borrow a
// seat, create and update a licence, create a service credential, export and erase a
// user's data, without a query.
// Only in these the fields go uninspected. One expression stands for all of them,
// because a project may have 20 rules with expressions; a field of one of these
// requests in another one is not inspected either, and the API refuses it as unknown.
const opaqueRequests = `(request.method + ' ' + request.path + '?' + request.query).matches('^POST /v1/(credentials|privacy/(export|erase)|licenses(/[^/?]+/(acquire|borrow|update))?)[?]$')`

// inspectedAlways are the sets that inspect every field: two of them do not read these
// fields, and the third one finds the lookups of Log4Shell, which no name contains.
func inspectedAlways(category string) bool {
	switch category {
	case "methodenforcement", "scannerdetection", rule.CVESet:
		return true
	default:
		return false
	}
}

// idFields are the members that hold ids of licences: 1 to 63 small letters, digits
// and hyphens, so only idSignatures misjudge them.
func idFields() []rule.Field {
	return []rule.Field{{Operator: "EQUALS", Value: "id"}, {Operator: "STARTS_WITH", Value: "licenses"}}
}

// idSignatures are the signatures, by CRS number, that take some word of small
// letters, digits and hyphens for an attack: docker-01 and ssh for commands, add-content
// for one of PowerShell, wp-config-01 for a file, base64-decode for a function of PHP,
// classloader for a class of Java. TestNoIDOfALicenceIsTakenForAnAttack tries every
// word of the rule set's lists. CRS 3.3 has one signature, 932150, for the two of commands.
func idSignatures(generation rule.Generation, category string) []int {
	numbers := map[string][]int{"lfi": {930120}, "rce": {932120, 932250, 932260}, "php": {933150}, "java": {944130}}
	if generation == rule.V33 {
		numbers["rce"] = []int{932120, 932150}
	}
	return numbers[category]
}

// idPaths are the paths that hold the id of a licence or, with it, of a lease.
func idPaths() []rule.Field {
	return []rule.Field{{Operator: "STARTS_WITH", Value: "/v1/licenses/"}, {Operator: "STARTS_WITH", Value: "/v1/leases/"}}
}

// idPathSignatures are those that take such a word in a path for an attack: dockerfile
// for a file that must not be served, base64-decode, classloader. Traversal, commands
// and SQL are other signatures, which look at these paths.
func idPathSignatures(category string) []int {
	return map[string][]int{"lfi": {930130}, "php": {933150}, "java": {944130}}[category]
}

// signatures are the ids of CRS rules in a generation.
func signatures(waf WAF, category string, numbers []int) []string {
	var ids []string
	for _, number := range numbers {
		ids = append(ids, waf.Generation.Signature(number, category))
	}
	return ids
}

// opaqueExclusions keep a set from judging the opaque fields, and its signatures that
// misjudge ids from judging those.
func opaqueExclusions(waf WAF, category string) []rule.Exclusion {
	if waf.InspectAll || inspectedAlways(category) {
		return nil
	}
	all := []rule.Exclusion{{Set: waf.Generation.SetName(category), QueryParams: opaqueFields()}}
	if ids := signatures(waf, category, idSignatures(waf.Generation, category)); ids != nil {
		all = append(all, rule.Exclusion{Set: waf.Generation.SetName(category), Signatures: ids, QueryParams: idFields()})
	}
	return all
}

// scriptCookie is what a signature takes for an attack in the cookies of scripts that
// a browser sends along. The API reads no cookie.
type scriptCookie struct {
	category  string
	signature int
	cookies   []rule.Field
	// fromV422 says that the older generation does not have the signature.
	fromV422 bool
}

// jsonInSQL is the CRS number of the signature that json-sqli-canary consists of.
const jsonInSQL = 942550

// scriptCookies are the signatures that misjudge them. Each takes a format that
// scripts write for something else; all other signatures of its set look at these
// cookies, too. The values go unread, their names do not: a cookie that is called cmp, as
// a command of Unix is, is refused, and no exclusion helps.
func scriptCookies() []scriptCookie {
	consent, every := rule.Field{Operator: "CONTAINS", Value: "consent"}, []rule.Field{{Operator: rule.OperatorAny}}
	return []scriptCookie{
		// MongoDB's operators, a quotation mark and a dollar sign: Mixpanel and PostHog
		// write such names (mp_x=%22%24initial_referrer%22).
		{"sqli", 942290, []rule.Field{{Operator: "STARTS_WITH", Value: "mp_"}, {Operator: "STARTS_WITH", Value: "ph_"}}, false},
		// JSON in SQL, which is any JSON within JSON, its quotation marks escaped: consent banners, shops
		// and libraries that keep a page's state write it, under names of their own
		// (CookieScriptConsent={"categories":"[\"targeting\",…, cart={"items":"[1,2]"}). Only the
		// signature's own tests in a cookie pass because of it, and the API does not read cookies.
		{"sqli", jsonInSQL, every, true},
		{rule.JSONSQLiSet, jsonInSQL, every, false},
		// libinjection: some banners write a consent to everything as {"*":true}, and where the law of
		// California does not apply 1--- (https://github.com/InteractiveAdvertisingBureau/USPrivacy).
		{"sqli", 942100, []rule.Field{consent, {Operator: "ENDS_WITH", Value: "privacy"}}, false},
		// The shell's earlier folders, ~+ and ~-: Akamai's protection divides numbers by
		// tildes (_abck=0A1B~-1~…~-1), and DataDome's has tildes among its random signs.
		{"rce", 932270, []rule.Field{
			{Operator: "EQUALS", Value: "_abck"},
			{Operator: "EQUALS", Value: "ak_bmsc"},
			{Operator: "STARTS_WITH", Value: "bm_"},
			{Operator: "EQUALS", Value: "datadome"},
		}, true},
		// The command base64 at the beginning: Supabase and some banners write their encoding
		// there (sb-project-auth-token=base64-eyJ…).
		{"rce", 932260, []rule.Field{{Operator: "STARTS_WITH", Value: "sb-"}, consent}, true},
	}
}

// keyHeader holds any text that a client made up, and the API only compares it: ../ in it,
// which these signatures look for in every header, leads nowhere.
func keyHeader(category string) ([]int, []rule.Field) {
	return map[string][]int{"lfi": {930100, 930110}}[category], []rule.Field{{Operator: "EQUALS", Value: "idempotency-key"}}
}

// commonExclusions are the exclusions that hold for every request: ids in paths and in
// the query, the key of a repeated request, the cookies of scripts, which the API does not read, and
// those of the settings.
func commonExclusions(waf WAF, category string) []rule.Exclusion {
	name := waf.Generation.SetName(category)
	var all []rule.Exclusion
	if ids := signatures(waf, category, idPathSignatures(category)); ids != nil && !waf.InspectAll {
		all = append(all, rule.Exclusion{Set: name, Signatures: ids, URIs: idPaths()})
	}
	if ids := signatures(waf, category, idSignatures(waf.Generation, category)); ids != nil && !waf.InspectAll {
		// The filter of the report on denials.
		all = append(all, rule.Exclusion{Set: name, Signatures: ids, QueryParams: []rule.Field{{Operator: "EQUALS", Value: "license"}}})
	}
	if numbers, headers := keyHeader(category); numbers != nil && !waf.InspectAll {
		all = append(all, rule.Exclusion{Set: name, Signatures: signatures(waf, category, numbers), Headers: headers})
	}
	for _, each := range scriptCookies() {
		if each.category != category || waf.InspectAll || each.fromV422 && waf.Generation != rule.V422 {
			continue
		}
		id := waf.Generation.Signature(each.signature, category)
		if category == rule.JSONSQLiSet {
			id = rule.JSONSQLiSignature
		}
		all = append(all, rule.Exclusion{Set: name, Signatures: []string{id}, Cookies: each.cookies})
	}
	for _, each := range waf.Sets[category].Exclusions {
		all = append(all, rule.Exclusion{
			Set: name, Signatures: each.Signatures, Headers: each.Headers,
			Cookies: each.Cookies, QueryParams: each.QueryParams, URIs: each.URIs,
		})
	}
	return all
}

// otherRequestRules evaluate the sets again for all other requests, without the
// exclusion of the opaque fields. An exclusion applies to every field of its name, so
// without these rules a parameter called fingerprint in any query, or in the body of
// any other request, would not be inspected. Four sets share a rule, since an expression has at most
// five subexpressions and a project few rules with expressions; a set that only
// logs is in a rule of its own kind.
func otherRequestRules(settings Settings) []rule.Rule {
	var rules []rule.Rule
	groups := otherRequestGroups(settings.WAF.Generation)
	for number, group := range groups {
		for place, preview := range []bool{false, true} {
			declared := rule.Rule{
				Name:        fmt.Sprintf("waf-elsewhere-%d", number+1),
				Priority:    otherRequestFirst + (number+place*len(groups))*otherRequestStep,
				Action:      settings.WAF.Action,
				Description: fmt.Sprintf("WAF: opaque fields of all other requests, %d of %d", number+1, len(groups)),
				Preview:     preview,
			}
			if preview {
				declared.Name += "-preview"
			}
			var calls []string
			for _, category := range group {
				set := settings.WAF.Sets[category]
				if set.Off || (settings.Preview || set.Preview) != preview || settings.WAF.InspectAll {
					continue
				}
				calls = append(calls, wafExpression(settings.WAF, category, set))
				declared.Exclusions = append(declared.Exclusions, commonExclusions(settings.WAF, category)...)
			}
			if len(calls) > 0 {
				declared.Match.Expression = fmt.Sprintf("!%s && (%s)", opaqueRequests, strings.Join(calls, " || "))
				rules = append(rules, declared)
			}
		}
	}
	return rules
}

// otherRequestGroups are the sets with exclusions, four to a rule. The signature of
// json-sqli-canary is in sqli of v422, too.
func otherRequestGroups(generation rule.Generation) [][]string {
	groups := [][]string{nil}
	for _, category := range categories(generation) {
		if inspectedAlways(category) || category == rule.JSONSQLiSet && generation == rule.V422 {
			continue
		}
		last := len(groups) - 1
		if len(groups[last]) == 4 {
			groups = append(groups, nil)
			last++
		}
		groups[last] = append(groups[last], category)
	}
	return groups
}

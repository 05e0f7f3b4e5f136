package cloudarmor

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"

	"github.com/coditect-ai/license-platform/armor/expression"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// ruleFile is the part of OWASP CRS that a preconfigured set is made of. Its number is
// the prefix of the ids of its signatures.
type ruleFile struct {
	number int
	name   string
	// categories are what Cloud Armor calls the set, in v422 and in v33.
	categories []string
}

func (f ruleFile) path() string {
	return fmt.Sprintf("@owasp_crs/REQUEST-%d-%s.conf", f.number, f.name)
}

// ruleFiles are the sets of Cloud Armor as files of CRS 4.22.
// Source: https://cloud.google.com/armor/docs/waf-rules
func ruleFiles() []ruleFile {
	return []ruleFile{
		{911, "METHOD-ENFORCEMENT", []string{"methodenforcement"}},
		{913, "SCANNER-DETECTION", []string{"scannerdetection"}},
		{921, "PROTOCOL-ATTACK", []string{"protocolattack"}},
		{930, "APPLICATION-ATTACK-LFI", []string{"lfi"}},
		{931, "APPLICATION-ATTACK-RFI", []string{"rfi"}},
		{932, "APPLICATION-ATTACK-RCE", []string{"rce"}},
		{933, "APPLICATION-ATTACK-PHP", []string{"php"}},
		{934, "APPLICATION-ATTACK-GENERIC", []string{"generic", "nodejs"}},
		{941, "APPLICATION-ATTACK-XSS", []string{"xss"}},
		{942, "APPLICATION-ATTACK-SQLI", []string{"sqli"}},
		{943, "APPLICATION-ATTACK-SESSION-FIXATION", []string{"sessionfixation"}},
		{944, "APPLICATION-ATTACK-JAVA", []string{"java"}},
	}
}

// signature is a WAF signature as Cloud Armor names it.
type signature struct {
	id          string
	sensitivity int
}

// signatures are the ids of a CRS rule in a set; none when the set does not have the
// rule. v33 is evaluated with the rules of 4.22 that have the same number, because CRS
// 3.3 itself is not included.
func signatures(set rule.Set, found hit) []signature {
	switch set.Name {
	case rule.JSONSQLiSet:
		if found.number == jsonSQLiRule {
			return []signature{{rule.JSONSQLiSignature, 2}}
		}
		return nil
	case rule.CVESet:
		return cveSignatures(found.number)
	}
	for _, file := range ruleFiles() {
		if found.number/1000 == file.number && slices.Contains(file.categories, set.Category) {
			return []signature{{set.Generation.Signature(found.number, set.Category), found.level}}
		}
	}
	return nil
}

// jsonSQLiRule is CRS's rule for SQL injection by JSON operators.
const jsonSQLiRule = 942550

// cveSignatures maps CRS's Log4j rules to Cloud Armor's: the base rule and
// Google's two stricter ones. The React signatures (google-mrs-…) are Google's
// own and unpublished; they never fire here.
// Source: https://cloud.google.com/armor/docs/waf-rules#cves_and_other_vulnerabilities
func cveSignatures(number int) []signature {
	numbers := map[int][]signature{
		944150: {{"044228", 1}, {"144228", 1}},
		944151: {{"244228", 3}},
		944152: {{"344228", 3}},
	}
	var named []signature
	for _, each := range numbers[number] {
		for _, prefix := range []string{rule.V422.Prefix(), "owasp-crs-v030001-id"} {
			named = append(named, signature{prefix + each.id + "-cve", each.sensitivity})
		}
	}
	return named
}

// paranoia is the level that the WAF must be built at to answer every call of
// the policy; 0 when it calls none.
func paranoia(policy *Policy) int {
	level := 0
	for _, each := range policy.rules {
		if each.program == nil {
			continue
		}
		for _, call := range each.program.WAFCalls() {
			level = max(level, neededLevel(call))
		}
	}
	return level
}

func neededLevel(call expression.WAFCall) int {
	switch {
	case call.Set == rule.JSONSQLiSet:
		return 1
	case call.Sensitivity == 0, call.Set == rule.CVESet && call.Sensitivity > 1:
		return 4
	default:
		return call.Sensitivity
	}
}

// knownSignatures refuses ids of the v422 sets that CRS 4.22 does not have, as
// the API does. The ids of the other sets are checked for their shape only.
func knownSignatures(calls []expression.WAFCall) error {
	var mistakes []error
	for _, call := range calls {
		set, err := rule.ParseSet(call.Set)
		if err != nil {
			return err
		}
		ids := slices.Concat(call.OptIn, call.OptOut)
		if set.Generation != rule.V422 || len(ids) == 0 {
			continue
		}
		known, err := numbersOf(set)
		if err != nil {
			return err
		}
		for _, id := range ids {
			number := strings.TrimSuffix(strings.TrimPrefix(id, set.Generation.Prefix()), "-"+set.Category)
			if !slices.Contains(known, number) {
				mistakes = append(mistakes, fmt.Errorf("signature %q does not exist in %s", id, call.Set))
			}
		}
	}
	return errors.Join(mistakes...)
}

// numbersOf lists the CRS rules of a set.
func numbersOf(set rule.Set) ([]string, error) {
	for _, file := range ruleFiles() {
		if !slices.Contains(file.categories, set.Category) {
			continue
		}
		text, err := fs.ReadFile(coreruleset.FS, file.path())
		if err != nil {
			return nil, fmt.Errorf("read CRS 4.22: %w", err)
		}
		var numbers []string
		prefix := strconv.Itoa(file.number)
		for _, found := range regexp.MustCompile(`id:(\d{6})`).FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(found[1], prefix) {
				numbers = append(numbers, found[1])
			}
		}
		return numbers, nil
	}
	return nil, fmt.Errorf("preconfigured WAF set %q has no rules in CRS 4.22", set.Name)
}

package rule

import (
	"fmt"
	"regexp"
	"strings"
)

// Generation is a generation of Cloud Armor's preconfigured WAF rules.
// Source: https://cloud.google.com/armor/docs/waf-rules
type Generation string

// The generations that may be declared. v30 is still served, but evaluates all
// sensitivities at once in its deprecated form and is not offered here.
const (
	// V422 is built on OWASP CRS 4.22 and is what Google recommends.
	V422 Generation = "v422"
	// V33 is built on OWASP CRS 3.3.2.
	V33 Generation = "v33"
)

// Prefix is how ids of the generation's signatures begin, without the rule
// number: "owasp-crs-v042200-id" or "owasp-crs-v030301-id".
func (g Generation) Prefix() string {
	switch g {
	case V422:
		return "owasp-crs-v042200-id"
	case V33:
		return "owasp-crs-v030301-id"
	default:
		return ""
	}
}

// Signature is the id of a CRS rule in a set of the generation, for example
// Signature(942251, "sqli") = "owasp-crs-v042200-id942251-sqli".
func (g Generation) Signature(number int, category string) string {
	return fmt.Sprintf("%s%d-%s", g.Prefix(), number, category)
}

// SetName is the name of a set in the generation: SetName("sqli") =
// "sqli-v422-stable". The two vulnerability sets have no generation.
func (g Generation) SetName(category string) string {
	if category == CVESet || category == JSONSQLiSet {
		return category
	}
	return category + "-" + string(g) + "-stable"
}

// The two sets outside the generations; they exist as canaries only.
// Source: https://cloud.google.com/armor/docs/waf-rules#cves_and_other_vulnerabilities
const (
	CVESet      = "cve-canary"
	JSONSQLiSet = "json-sqli-canary"
	// JSONSQLiSignature is the only signature of json-sqli-canary; its id
	// carries no version.
	JSONSQLiSignature = "owasp-crs-id942550-sqli"
)

// Set is the name of a preconfigured set, taken apart.
type Set struct {
	// Name is the whole name.
	Name string
	// Category is the kind of attack, for example "sqli".
	Category string
	// Generation is empty for the two vulnerability sets.
	Generation Generation
}

// ParseSet takes the name of a preconfigured set apart and refuses one that
// Cloud Armor does not have.
func ParseSet(name string) (Set, error) {
	if name == CVESet || name == JSONSQLiSet {
		return Set{Name: name, Category: strings.TrimSuffix(name, "-canary")}, nil
	}
	for _, generation := range []Generation{V422, V33} {
		for _, channel := range []string{"-stable", "-canary"} {
			category, found := strings.CutSuffix(name, "-"+string(generation)+channel)
			if found && generation.has(category) {
				return Set{Name: name, Category: category, Generation: generation}, nil
			}
		}
	}
	return Set{}, fmt.Errorf("preconfigured WAF set %q does not exist; allowed: %s (v33 says nodejs where v422 says generic), %s, %s",
		name, strings.Join(withGeneration(V422), ", "), CVESet, JSONSQLiSet)
}

// Categories are the kinds of attack the generation has a set for, in the order
// in which this project declares them.
func (g Generation) Categories() []string {
	last := "generic"
	if g == V33 {
		last = "nodejs"
	}
	return []string{
		"sqli", "xss", "lfi", "rfi", "rce", "methodenforcement", "scannerdetection",
		"protocolattack", "php", "sessionfixation", "java", last,
	}
}

func (g Generation) has(category string) bool {
	for _, known := range g.Categories() {
		if known == category {
			return true
		}
	}
	return false
}

func withGeneration(g Generation) []string {
	names := g.Categories()
	for i, category := range names {
		names[i] = g.SetName(category)
	}
	return names
}

// CheckSignature refuses the id of a signature that cannot belong to the set:
// another generation's prefix, another category, or not an id at all.
// Source: https://cloud.google.com/armor/docs/rule-tuning ("you must match the
// signature ID version with the rule set version").
func (s Set) CheckSignature(id string) error {
	pattern, shape := s.signaturePattern()
	if regexp.MustCompile(pattern).MatchString(id) {
		return nil
	}
	return fmt.Errorf("signature %q is not one of set %s; allowed: %s", id, s.Name, shape)
}

func (s Set) signaturePattern() (pattern, shape string) {
	switch s.Name {
	case CVESet:
		return `^(owasp-crs-v0(30001|42200)-id[0-3]44228-cve|google-mrs-v[0-9]{6}-id[0-9]{6}-[a-z]+)$`,
			"owasp-crs-v042200-id044228-cve, …144228…, …244228…, …344228…, google-mrs-…"
	case JSONSQLiSet:
		return "^" + JSONSQLiSignature + "$", JSONSQLiSignature
	default:
		return "^" + s.Generation.Prefix() + `[0-9]{6}-` + s.Category + "$",
			s.Generation.Prefix() + "NNNNNN-" + s.Category
	}
}

package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/setting"
)

// validateParsing checks what the policy reads of a request before its rules.
func (s Settings) validateParsing() setting.Problems {
	var problems setting.Problems
	kind, header := regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]+$`), regexp.MustCompile("^[A-Za-z0-9-]+$")
	for i, each := range s.JSONContentTypes {
		if !kind.MatchString(each) {
			problems.Add(fmt.Sprintf("jsonContentTypes[%d]", i), each, "is not a content type", "a type and subtype without parameters, for example application/vnd.api+json")
		}
	}
	for i, each := range s.UserIPHeaders {
		if !header.MatchString(each) {
			problems.Add(fmt.Sprintf("userIpHeaders[%d]", i), each, "is not the name of a header", "letters, digits and dashes, for example X-Real-IP")
		}
	}
	if keys := s.RateLimit.options().Keys(); len(s.UserIPHeaders) == 0 && slices.ContainsFunc(keys, func(k rule.NamedKey) bool { return k.Key == rule.KeyUserIP }) {
		problems.Add("rateLimit.key", rule.KeyUserIP, "needs a header to take the address from", "userIpHeaders, or the key IP")
	}
	return problems
}

// jsonContentTypes are all types that are parsed as JSON; none when application/json
// is the only one.
func (s Settings) jsonContentTypes() []string {
	if len(s.JSONContentTypes) == 0 {
		return nil
	}
	all := append([]string{"application/json"}, s.JSONContentTypes...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (t ThreatIntelligence) validate() setting.Problems {
	var problems setting.Problems
	for _, list := range t.Lists {
		setting.OneOf(&problems, "lists", list, knownLists()...)
	}
	setting.OneOf(&problems, "action", t.Action, refusals()...)
	problems = append(problems, Ranges{Ranges: t.Except}.validate()...)
	for i := range problems {
		problems[i].Key = strings.Replace(problems[i].Key, "ranges", "except", 1)
	}
	if len(t.Except) > rule.MaxSourceRanges {
		problems.Add("except", len(t.Except), "are too many addresses", fmt.Sprintf("at most %d", rule.MaxSourceRanges))
	}
	return problems
}

// refusals are the actions by which a rule can refuse a request.
func refusals() []rule.Action { return []rule.Action{rule.Deny403, rule.Deny404, rule.Deny502} }

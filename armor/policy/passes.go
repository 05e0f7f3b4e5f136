package policy

import "github.com/coditect-ai/license-platform/armor/rule"

// customRules are the stack's own rules: denies, and those that let requests
// through.
func customRules(settings Settings) (denies, passes []rule.Rule) {
	for _, custom := range settings.CustomRules {
		declared := rule.Rule{
			Name: "custom-" + custom.Name, Priority: custom.Priority, Action: custom.Action, Description: custom.Description,
			Match:   rule.Match{SourceRanges: custom.Ranges, Expression: custom.Expression},
			Preview: settings.Preview || custom.Preview,
		}
		if custom.RateLimit != nil || custom.Action.IsRateLimit() {
			limit := RateLimit{}
			if custom.RateLimit != nil {
				limit = *custom.RateLimit
			}
			limit.Action = custom.Action
			declared.RateLimit = limit.withDefaults().options()
		}
		if custom.Action.LetsThrough() {
			passes = append(passes, declared)
		} else {
			denies = append(denies, declared)
		}
	}
	return denies, passes
}

// allowlistRules let listed ranges through, after everything that refuses. They
// are enforced even in preview: what is then in preview is the refusal of
// everyone else.
func allowlistRules(settings Settings) []rule.Rule {
	if settings.Mode != Allowlisted {
		return nil
	}
	return chunked(settings.Allowlist.Ranges, rule.Rule{
		Name: "allowlist", Priority: allowlistBand.first, Action: rule.Allow,
		Description: "Let listed ranges through",
	})
}

// rateLimitRules let everybody through at a limited rate. A ban and a throttle
// stand at priorities of their own, because a rule cannot be changed from a ban
// into a throttle.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
func rateLimitRules(settings Settings) []rule.Rule {
	if settings.Mode != RateLimited {
		return nil
	}
	limited := rule.Rule{
		Name: "rate-limit-ban", Priority: banPriority, Action: settings.RateLimit.Action,
		Description: "Let everybody through at a limited rate",
		Match:       rule.Match{SourceRanges: []string{rule.Any}},
		Preview:     settings.Preview || settings.RateLimit.Preview,
		RateLimit:   settings.RateLimit.options(),
	}
	if limited.Action == rule.Throttle {
		limited.Name, limited.Priority = "rate-limit-throttle", rateLimitBand.last
	}
	return append(ipv6Limit(settings), limited)
}

// options are the rate limit as the API knows it.
func (l RateLimit) options() *rule.RateLimit {
	options := &rule.RateLimit{
		Threshold:     rule.Threshold{Count: l.Count, IntervalSeconds: l.IntervalSeconds},
		ConformAction: rule.Allow,
		ExceedAction:  l.ExceedAction,
		Key:           l.Key,
		KeyName:       l.KeyName,
		More:          l.More,
	}
	if l.BanCount != 0 || l.BanIntervalSeconds != 0 || l.BanSeconds != 0 {
		options.Ban = &rule.Ban{
			Threshold:       rule.Threshold{Count: l.BanCount, IntervalSeconds: l.BanIntervalSeconds},
			DurationSeconds: l.BanSeconds,
		}
	}
	return options
}

// lastRules decide about requests that nothing has decided about: with an
// allowlist they are refused; else they pass, for then only a rate limit in
// preview lets requests come this far. The default rule says the same once more:
// it is what a policy falls back to when all its other rules are gone.
func lastRules(settings Settings) []rule.Rule {
	everyone := rule.Match{SourceRanges: []string{rule.Any}}
	action, description := rule.Allow, "Let everyone else through"
	var rules []rule.Rule
	if settings.Mode == Allowlisted {
		if settings.Preview || settings.Allowlist.Preview {
			rules = append(rules, rule.Rule{
				Name: "everyone-else-preview", Priority: refusedPriority, Action: rule.Deny403,
				Description: "Log whom the allowlist would refuse", Match: everyone, Preview: true,
			})
		} else {
			action, description = rule.Deny403, "Refuse everyone else"
		}
	}
	return append(rules,
		rule.Rule{Name: "everyone-else", Priority: everyoneElsePriority, Action: action, Description: description, Match: everyone},
		rule.Rule{Name: "default", Priority: rule.DefaultPriority, Action: action, Description: "Default rule", Match: everyone},
	)
}

// MayChangeAction says whether settings can turn the rule from or into a rate
// limit at the same priority, which the API refuses to do in place: that is so
// for custom rules that let requests through.
func MayChangeAction(each rule.Rule) bool {
	return each.Priority >= customPassBand.first && each.Priority <= customPassBand.last
}

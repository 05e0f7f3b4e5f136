package ingresscontroller

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// CloudArmor enforces policies with the embedded cloud's evaluator. All its guards
// share their WAF rule sets, which are built before a policy is attached: the first
// request does not wait for them.
func CloudArmor(options cloudarmor.Options) Armor {
	if options.WAF == nil {
		options.WAF = cloudarmor.NewWAF()
	}
	return func(properties map[string]any, rules []map[string]any, previous loadbalancer.Guard) (loadbalancer.Guard, error) {
		parsed, err := cloudarmor.FromResources(properties, rules)
		if err != nil {
			return nil, fmt.Errorf("the API would refuse the policy: %w", err)
		}
		fresh := cloudarmor.New(parsed, options)
		if err := fresh.Warm(); err != nil {
			return nil, fmt.Errorf("build the WAF of the policy: %w", err)
		}
		if known, ok := previous.(evaluated); ok {
			known.evaluator.Update(parsed)
			return known, nil
		}
		return evaluated{fresh}, nil
	}
}

// evaluated is the evaluator as the load balancer's guard.
type evaluated struct{ evaluator *cloudarmor.Evaluator }

// Evaluate translates the request, asks, and translates the decision.
func (e evaluated) Evaluate(ctx context.Context, i loadbalancer.Inspection) loadbalancer.Verdict {
	request := cloudarmor.Request{
		Method: i.Request.Method, Scheme: "http", Host: i.Request.Host,
		Path: i.Request.URL.EscapedPath(), RawQuery: i.Request.URL.RawQuery,
		Headers: i.Request.Header, Body: i.Body,
		ClientIP: i.Client.IP, Region: i.Client.Region, ASN: int(i.Client.ASN),
	}
	if i.Request.TLS != nil {
		request.Scheme, request.ServerName = "https", i.Request.TLS.ServerName
	}
	return verdict(e.evaluator.Evaluate(ctx, request))
}

func verdict(d cloudarmor.Decision) loadbalancer.Verdict {
	v := loadbalancer.Verdict{}
	if d.Final.Action != "" { // a request whose client is gone is evaluated by no rule
		v.Enforced = match(d.Policy, d.Final)
	}
	if !d.Allowed() {
		v.Status = d.StatusCode
		if v.Status == 0 { // a denial without a status must not pass
			v.Status = http.StatusForbidden
		}
	}
	if len(d.Previews) > 0 { // the log names the first, which has the highest priority
		v.Preview = match(d.Policy, d.Previews[0])
	}
	return v
}

func match(policy string, s cloudarmor.Step) *loadbalancer.PolicyMatch {
	m := &loadbalancer.PolicyMatch{
		Name: policy, Priority: s.Priority, Outcome: string(s.Outcome),
		ConfiguredAction: configuredAction(string(s.Action)), MatchedRuleIDs: s.Signatures,
	}
	if s.Rate != nil {
		m.RateLimit = &loadbalancer.RateLimitAction{Key: s.Rate.Key, Outcome: string(s.Rate.Outcome)}
	}
	return m
}

// configuredAction spells an action as the log does: ALLOW, DENY, THROTTLE,
// RATE_BASED_BAN (https://cloud.google.com/armor/docs/request-logging).
func configuredAction(action string) string {
	name, _, _ := strings.Cut(action, "(")
	return strings.ToUpper(name)
}

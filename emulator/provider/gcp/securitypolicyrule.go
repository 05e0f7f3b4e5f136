package gcp

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeSecurityPolicyRule is one rule of a Cloud Armor policy.
const TypeSecurityPolicyRule = "gcp:compute/securityPolicyRule:SecurityPolicyRule"

func (w *Cloud) securityPolicyRule() provider.Kind {
	return provider.Kind{
		Type:    TypeSecurityPolicyRule,
		Own:     true,
		ID:      ruleID,
		Decided: []string{"preview"},
		Check:   func(d *provider.Draft) []provider.Failure { return w.checkRule(d.Inputs) },
		Compute: func(_ context.Context, d *provider.Draft) error {
			policy := "projects/" + d.Project() + "/global/securityPolicies/" + last(d.Inputs.Text("securityPolicy"))
			if _, exists := w.Store.Get(TypeSecurityPolicy, policy); !exists {
				return apiError(404, "The resource '%s' was not found", policy)
			}
			if priority, _ := d.Inputs.Number("priority"); priority == rule.DefaultPriority {
				return samePriority(priority) // the default rule, which every policy has
			}
			fallback(d, "preview", false)
			w.keepPreview(d)
			return nil
		},
	}
}

func ruleID(d *provider.Draft) string {
	priority, _ := d.Inputs.Number("priority")
	return "projects/" + d.Project() + "/global/securityPolicies/" + last(d.Inputs.Text("securityPolicy")) + "/priority/" + strconv.FormatFloat(priority, 'f', 0, 64)
}

// keepPreview leaves a rule that only logs as it is: an update of the provider (v5.42) does
// not send the false that would enforce it
// (https://github.com/hashicorp/terraform-provider-google/issues/19443).
func (w *Cloud) keepPreview(d *provider.Draft) {
	if !d.Exists || d.Inputs.True("preview") {
		return
	}
	if before, there := w.Store.Get(TypeSecurityPolicyRule, ruleID(d)); there && provider.Properties(before.Inputs).True("preview") {
		d.Inputs["preview"], d.Outputs["preview"] = true, true
	}
}

// samePriority is what Compute Engine answers to a second rule.
func samePriority(priority float64) error {
	return apiError(400, "Invalid value for field 'resource.priority': '%.0f'. Cannot have rules with the same priorities.", priority)
}

// checkRule checks a rule, alone or inside its policy.
func (w *Cloud) checkRule(inputs provider.Properties) []provider.Failure {
	d := &provider.Draft{Inputs: inputs}
	var failures []provider.Failure
	refuse := func(property, format string, values ...any) {
		failures = append(failures, provider.Refuse(property, format, values...))
	}
	failures = append(failures, oneOf(d, "action", "allow", "deny(403)", "deny(404)", "deny(502)", "rate_based_ban", "throttle", "redirect")...)
	if priority, known := d.Inputs.Number("priority"); known && (priority < 0 || priority > rule.DefaultPriority) {
		refuse("priority", "Error 400: Invalid value for field 'resource.priority': '%v'. Must be between 0 and %d", priority, rule.DefaultPriority)
	}
	if length := utf8.RuneCountInString(d.Inputs.Text("description")); length > rule.MaxDescription {
		refuse("description", "Error 400: Invalid value for field 'resource.description': must be at most %d characters long, has %d", rule.MaxDescription, length)
	}
	ranges := d.Inputs.Texts("match.config.srcIpRanges")
	if len(ranges) > rule.MaxSourceRanges {
		refuse("match.config.srcIpRanges", "Error 400: Invalid value for field 'resource.match.config.srcIpRanges': at most %d IP ranges are allowed in a rule, has %d", rule.MaxSourceRanges, len(ranges))
	}
	for i, cidr := range ranges {
		if _, err := rule.ParseRange(cidr); cidr != rule.Any && err != nil {
			refuse("match.config.srcIpRanges["+strconv.Itoa(i)+"]", "Error 400: Invalid value for field 'resource.match.config.srcIpRanges[%d]': '%s'. Must be a CIDR range, an IP address or '*'", i, cidr)
		}
	}
	expression := d.Inputs.Text("match.expr.expression")
	switch {
	case !d.Inputs.Has("match"):
		refuse("match", "Error 400: Required field 'resource.match' not specified")
	case d.Inputs.Has("match.expr") == (d.Inputs.Has("match.config") || d.Inputs.Has("match.versionedExpr")):
		refuse("match", "Error 400: Invalid value for field 'resource.match': exactly one of expr and versionedExpr with config must be set")
	case d.Inputs.Has("match.config") && d.Inputs.Text("match.versionedExpr") != "SRC_IPS_V1":
		refuse("match.versionedExpr", "Error 400: Invalid value for field 'resource.match.versionedExpr': must be SRC_IPS_V1 when config is set")
	}
	if action := d.Inputs.Text("action"); action != "" {
		checkRate(d, action, refuse)
	}
	if len(failures) == 0 && expression != "" {
		if err := cloudarmor.CheckResource(d.Inputs); err != nil {
			refuse("match.expr.expression", "Error 400: Invalid value for field 'resource.match.expr': %v", err)
		}
	}
	return failures
}

// misplacedRateOptions is worded as Compute Engine answers
// (https://github.com/pulumi/pulumi-gcp/issues/1432).
const misplacedRateOptions = "Invalid value for field 'resource.rateLimitOptions': ''. Rate limit options must be specified if the action is 'fairshare', 'rate_based_ban' or 'throttle'. It cannot be specified for any other actions."

// checkRate checks the options that a rate rule needs, and that no other rule has them.
func checkRate(d *provider.Draft, action string, refuse func(property, format string, values ...any)) {
	rate := action == "throttle" || action == "rate_based_ban"
	if !rate {
		if d.Inputs.Has("rateLimitOptions") {
			refuse("rateLimitOptions", "Error 400: %s", misplacedRateOptions)
		}
		return
	}
	for _, field := range []string{"rateLimitThreshold", "conformAction", "exceedAction"} {
		if !d.Inputs.Has("rateLimitOptions." + field) {
			refuse("rateLimitOptions."+field, "Error 400: Required field 'resource.rateLimitOptions.%s' not specified for action %s", field, action)
		}
	}
	if conform := d.Inputs.Text("rateLimitOptions.conformAction"); conform != "" && conform != "allow" {
		refuse("rateLimitOptions.conformAction", "Error 400: Invalid value for field 'resource.rateLimitOptions.conformAction': '%s'. Must be allow", conform)
	}
	if exceed := d.Inputs.Text("rateLimitOptions.exceedAction"); exceed != "" && exceed != "redirect" && !strings.HasPrefix(exceed, "deny(") {
		refuse("rateLimitOptions.exceedAction", "Error 400: Invalid value for field 'resource.rateLimitOptions.exceedAction': '%s'. Must be deny(403), deny(404), deny(429), deny(502) or redirect", exceed)
	}
	most := float64(rule.MaxThrottleCount)
	if action == "rate_based_ban" {
		most = rule.MaxBanCount
	}
	for _, threshold := range []string{"rateLimitThreshold", "banThreshold"} {
		interval, known := d.Inputs.Number("rateLimitOptions." + threshold + ".intervalSec")
		if known && !slices.ContainsFunc(rule.Intervals(), func(allowed int) bool { return float64(allowed) == interval }) {
			refuse("rateLimitOptions."+threshold+".intervalSec", "Error 400: Invalid value for field 'resource.rateLimitOptions.%s.intervalSec': '%v'. Must be one of %v", threshold, interval, rule.Intervals())
		}
		if count, known := d.Inputs.Number("rateLimitOptions." + threshold + ".count"); known && (count < 1 || count > most) {
			refuse("rateLimitOptions."+threshold+".count", "Error 400: Invalid value for field 'resource.rateLimitOptions.%s.count': '%v'. Must be between 1 and %.0f", threshold, count, most)
		}
	}
	ban := d.Inputs.Has("rateLimitOptions.banDurationSec")
	if action == "rate_based_ban" && !ban {
		refuse("rateLimitOptions.banDurationSec", "Error 400: Required field 'resource.rateLimitOptions.banDurationSec' not specified for action rate_based_ban")
	}
	if action == "throttle" && (ban || d.Inputs.Has("rateLimitOptions.banThreshold")) {
		refuse("rateLimitOptions.banDurationSec", "Error 400: Invalid value for field 'resource.rateLimitOptions': banDurationSec and banThreshold can only be set for action rate_based_ban")
	}
}

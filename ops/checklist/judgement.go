package checklist

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// namesThePolicy: the back end is behind the declared policy.
func namesThePolicy(s Subject) bool {
	policy, found := s.Plan.Find(gcp.TypeSecurityPolicy, "armor")
	return found && s.Value == policy.Text("name") && s.Value != ""
}

// limitsRate selects the rules that limit a rate.
func limitsRate(r declared.Resource) bool { return r.Get("rateLimitOptions") != nil }

// The rules that limit only some requests, each at a rate of its own.
const (
	seatsRule = "armor-keep-seats"
	ipv6Rule  = "armor-rate-limit-ipv6"
)

// limitsApart selects the rules that limit only some requests.
func limitsApart(r declared.Resource) bool {
	return limitsRate(r) && (r.Name == seatsRule || r.Name == ipv6Rule)
}

// limitsEverybody selects the rules that limit whatever no other rule limits.
func limitsEverybody(r declared.Resource) bool { return limitsRate(r) && !limitsApart(r) }

// limitsNewcomers selects the rules that limit everything but heartbeats and
// releases, which only keep or give back a seat.
func limitsNewcomers(r declared.Resource) bool { return limitsRate(r) && r.Name != seatsRule }

// matchesApart: a rule with a rate of its own matches what that rate is meant for.
func matchesApart(s Subject) bool {
	if s.Resource.Name == ipv6Rule {
		return reflect.DeepEqual(s.Resource.Get("match.config.srcIpRanges"), []any{"::/0"})
	}
	return s.Resource.Text("match.expr.expression") ==
		`request.method == 'POST' && request.path.matches('^/v1/leases/[A-Za-z0-9._~-]+/(heartbeat|release)$')`
}

// comesBeforeLimits: the first rule that matches ends the evaluation, and the
// last rule that limits a rate matches everybody.
// https://cloud.google.com/armor/docs/security-policy-overview#eval-order
func comesBeforeLimits() Want {
	return custom("comes before the rate limit", func(s Subject) bool {
		priority, ok := s.Value.(float64)
		return ok && priority < lowest(s.Plan, limitsRate)
	})
}

// comesFirst: no other rule stands before it.
func comesFirst(s Subject) bool {
	priority, ok := s.Value.(float64)
	return ok && priority < lowest(s.Plan, func(r declared.Resource) bool { return r.URN != s.Resource.URN })
}

// lowest is the lowest priority of the rules, or infinite without any.
func lowest(within *plan.Plan, only func(declared.Resource) bool) float64 {
	least := math.Inf(1)
	for _, r := range within.Of(gcp.TypeSecurityPolicyRule) {
		if priority, ok := r.Get("priority").(float64); ok && only(r) {
			least = min(least, priority)
		}
	}
	return least
}

// regionsOfTheDesign: the rule denies everybody but a list of the design's
// regions, and whose region is unknown.
func regionsOfTheDesign(s Subject) bool {
	text, _ := s.Value.(string)
	found := regexp.MustCompile(`^origin\.region_code == '' \|\| !'\[([A-Z,]+)\]'\.contains\(origin\.region_code\)$`).FindStringSubmatch(text)
	if found == nil {
		return false
	}
	design := []string{"US", "CA", "GB", "DE", "FR", "NL", "SE", "DK", "NO", "FI"}
	return !slices.ContainsFunc(strings.Split(found[1], ","), func(region string) bool { return !slices.Contains(design, region) })
}

// ownOrigins: browsers may call from the platform's domain and its hosts.
func ownOrigins(s Subject) bool {
	text, _ := s.Value.(string)
	outputs, found := s.Plan.Find(plan.OutputsType, "outputs")
	host, ok := strings.CutPrefix(outputs.Text("licenseUrl"), "https://licenses.")
	if !found || !ok || text == "" {
		return false
	}
	return !slices.ContainsFunc(strings.Split(text, ","), func(origin string) bool {
		name, https := strings.CutPrefix(origin, "https://")
		return !https || name != host && !strings.HasSuffix(name, "."+host)
	})
}

// refusesOrRedirectsHTTP: port 80 is closed, or only redirects.
func refusesOrRedirectsHTTP(s Subject) bool {
	if s.Value == "false" {
		return true
	}
	for _, front := range s.Plan.Of(kubernetes.TypeFrontendConfig) {
		if front.Get("spec.redirectToHttps.enabled") == true {
			return true
		}
	}
	return false
}

// atMostDays evaluates a duration of Google's form, "7776000s".
func atMostDays(days float64) func(Subject) bool {
	return func(s Subject) bool {
		text, _ := s.Value.(string)
		seconds, err := strconv.ParseFloat(strings.TrimSuffix(text, "s"), 64)
		return err == nil && seconds > 0 && seconds <= days*24*60*60
	}
}

// keepsEverything: nothing that an investigation needs is left out.
func keepsEverything(s Subject) bool {
	text, _ := s.Value.(string)
	for _, part := range []string{`resource.type="k8s_container"`, `resource.type="http_load_balancer"`, "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access"} {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return !strings.Contains(text, "severity")
}

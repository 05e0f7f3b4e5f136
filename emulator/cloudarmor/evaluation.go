package cloudarmor

import (
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/armor/expression"
)

// evaluation is one request on its way through the rules. The inspection by the WAF is
// expensive: it is done for the first rule that needs it, and its result is kept for the
// later rules. It belongs to one goroutine.
type evaluation struct {
	request    Request
	attributes expression.Attributes
	state      *state
	options    Options
	scans      map[string][]hit
	// failure is why the request cannot be evaluated at all.
	failure error
	// of the rule that is being looked at
	rule       compiled
	signatures []string
}

func newEvaluation(request Request, current *state, options Options) *evaluation {
	request.ClientIP = request.ClientIP.Unmap()
	if len(request.Body) > options.BodyLimit {
		request.Body = request.Body[:options.BodyLimit]
	}
	l := &evaluation{request: request, state: current, options: options, scans: map[string][]hit{}}
	l.attributes = expression.Attributes{
		IP:         request.ClientIP.String(),
		RegionCode: request.Region,
		ASN:        request.ASN,
		Method:     request.Method,
		Path:       request.Path,
		Query:      request.RawQuery,
		Scheme:     strings.ToLower(request.Scheme),
		Headers:    headers(request),
	}
	for _, name := range current.policy.config.UserIPHeaders {
		// The first address of a list is the client's; one that isn't an
		// address is passed over.
		first, _, _ := strings.Cut(l.attributes.Headers[strings.ToLower(name)], ",")
		if address, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
			l.attributes.UserIP = address.Unmap().String()
			break
		}
	}
	return l
}

// headers are lower-case names with all values of a name joined by commas.
func headers(request Request) map[string]string {
	flat := make(map[string]string, len(request.Headers)+1)
	for name, values := range request.Headers {
		flat[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if request.Host != "" {
		flat["host"] = request.Host
	}
	return flat
}

// at looks at one rule.
func (l *evaluation) at(each compiled) Step {
	l.rule, l.signatures = each, nil
	step := Step{Priority: each.Priority, Description: each.Description, Action: each.Action, Preview: each.Preview}
	matched, err := l.matches(each)
	if err != nil {
		step.Error = err.Error()
	}
	if !matched {
		return step
	}
	step.Matched, step.Outcome, step.Signatures = true, Accept, l.signatures
	switch {
	case each.Action.IsRateLimit():
		found := l.state.limiters[each.Priority].count(l.rateKey(each.RateLimit))
		step.Rate = &found
		if found.Outcome != RateConform {
			step.Outcome, step.StatusCode = Deny, each.RateLimit.ExceedAction.Status()
		}
	case each.Action.IsDeny():
		step.Outcome, step.StatusCode = Deny, each.Action.Status()
	}
	return step
}

func (l *evaluation) matches(each compiled) (bool, error) {
	if each.program == nil {
		return expression.InRanges(l.request.ClientIP, each.ranges), nil
	}
	return each.program.Matches(l.attributes, l)
}

// Listed answers threat intelligence feeds and address groups from the fixtures.
func (l *evaluation) Listed(list string, address netip.Addr, except []netip.Prefix) bool {
	return expression.InRanges(address, l.options.ThreatLists[list]) && !expression.InRanges(address, except)
}

// UnderAttack answers for Adaptive Protection.
func (l *evaluation) UnderAttack(string) bool { return l.options.HeavyHitter(l.request.ClientIP) }

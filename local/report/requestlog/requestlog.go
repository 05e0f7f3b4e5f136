// Package requestlog tells a request's way through the seven layers out of what the
// load balancer logged of it: which layer let it pass, which one stopped it, and
// why.
package requestlog

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/layer"
)

// Passage is a request's way.
type Passage struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Client string    `json:"client"`
	Region string    `json:"region,omitempty"`
	Method string    `json:"method"`
	Host   string    `json:"host"`
	Path   string    `json:"path"` // with the query
	Status int       `json:"status"`
	// Latency is in seconds, "0.004210s".
	Latency string `json:"latency"`
	// Trace is the id of X-Cloud-Trace-Context, 32 hexadecimal digits.
	Trace string `json:"trace,omitempty"`
	// Backend is the backend service, empty when no rule of the URL map matched.
	Backend string `json:"backend,omitempty"`
	// StoppedBy is the layer that stopped it, 0 when none did.
	StoppedBy int `json:"stoppedBy"`
	// HungUp says that no layer stopped it: its client did not wait for the answer.
	HungUp bool `json:"hungUp,omitempty"`
	// Rule is what decided there: the rule's name and priority, a problem code, or
	// the load balancer's statusDetails.
	Rule string `json:"rule,omitempty"`
	// Signatures are the ids of the WAF signatures that matched.
	Signatures []string `json:"signatures,omitempty"`
	// Steps are what each layer had to say, in the order of the layers.
	Steps []Step `json:"steps"`
}

// Step is what one layer did with the request.
type Step struct {
	Layer   int     `json:"layer"`
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why"`
}

// Outcome is what a layer did.
type Outcome string

// The outcomes of a step.
const (
	Passed  Outcome = "passed"
	Stopped Outcome = "stopped"
	// Skipped is a layer that has no say: the backend has no security policy.
	Skipped Outcome = "skipped"
)

// RuleName names the rule of a policy by its priority; empty when it is unknown.
type RuleName func(policy string, priority int) string

// Of tells the way of a request.
func Of(e loadbalancer.LogEntry, name RuleName) Passage {
	p := Passage{
		ID: e.InsertID, Time: e.Timestamp, Client: e.HTTPRequest.RemoteIP, Method: e.HTTPRequest.Method,
		Path: e.HTTPRequest.URL, Status: e.HTTPRequest.Status, Latency: e.HTTPRequest.Latency,
		Trace:   e.Trace[strings.LastIndex(e.Trace, "/")+1:],
		Backend: e.Resource.Labels["backend_service_name"],
	}
	if parsed, err := url.Parse(e.HTTPRequest.URL); err == nil {
		p.Host, p.Path = parsed.Host, parsed.RequestURI()
	}
	if data := e.Payload.RequestData; data != nil {
		p.Region = data.RemoteIPInfo.RegionCode
	}
	for _, evaluate := range []func(*Passage, loadbalancer.LogEntry, RuleName){armor, network, route, workload, application} {
		evaluate(&p, e, name)
		if p.StoppedBy != 0 || p.HungUp {
			break
		}
	}
	p.step(layer.Observability, Passed, "logged with severity %s", e.Severity)
	return p
}

// Because adds to why the request was stopped, when it was stopped by the layer
// and there is anything to add.
func (p *Passage) Because(number int, why string) {
	if p.StoppedBy != number || why == "" {
		return
	}
	for i := range p.Steps {
		if p.Steps[i].Outcome == Stopped {
			p.Steps[i].Why += "; " + why
		}
	}
}

func (p *Passage) step(number int, outcome Outcome, format string, values ...any) {
	p.Steps = append(p.Steps, Step{number, outcome, fmt.Sprintf(format, values...)})
}

func (p *Passage) stop(number int, rule, why string) {
	p.StoppedBy, p.Rule = number, rule
	p.step(number, Stopped, "%s", why)
}

// armor is the decision of the backend's security policy.
func armor(p *Passage, e loadbalancer.LogEntry, name RuleName) {
	decided := e.Payload.Enforced
	if decided == nil {
		p.step(layer.CloudArmor, Skipped, "the backend has no security policy")
		return
	}
	rule := called(decided, name)
	if decided.Outcome == "DENY" {
		p.Signatures = decided.MatchedRuleIDs
		p.stop(layer.CloudArmor, rule, refusal(decided, rule))
		return
	}
	why := "let through by " + rule
	if preview := e.Payload.Preview; preview != nil {
		why += "; in preview, " + called(preview, name) + " would have refused it"
	}
	p.step(layer.CloudArmor, Passed, "%s", why)
}

func called(m *loadbalancer.PolicyMatch, name RuleName) string {
	if known := name(m.Name, m.Priority); known != "" {
		return fmt.Sprintf("%s (%d)", known, m.Priority)
	}
	return fmt.Sprintf("%s rule %d", m.Name, m.Priority)
}

func refusal(m *loadbalancer.PolicyMatch, rule string) string {
	why := "refused by " + rule
	if m.RateLimit != nil {
		why += ": " + m.RateLimit.Outcome
	}
	if len(m.MatchedRuleIDs) > 0 {
		why += ": " + strings.Join(m.MatchedRuleIDs, ", ")
	}
	return why
}

// network is the encryption: a request that was answered at all came through it.
func network(p *Passage, e loadbalancer.LogEntry, _ RuleName) {
	if strings.HasPrefix(e.HTTPRequest.URL, "https://") {
		p.step(layer.Network, Passed, "TLS as the policy asks for")
		return
	}
	p.step(layer.Network, Passed, "unencrypted, as the front end allows")
}

// route is the choice of a backend by host and path.
func route(p *Passage, e loadbalancer.LogEntry, _ RuleName) {
	details := e.Payload.StatusDetails
	switch {
	case strings.HasPrefix(details, "malformed_"), details == "client_timed_out", details == "handled_by_identity_aware_proxy":
		p.stop(layer.Ingress, details, "the load balancer answered by itself: "+details)
	case p.Backend == "":
		p.stop(layer.Ingress, "no route", "no host and path of the Ingress match")
	default:
		p.step(layer.Ingress, Passed, "routed to %s", p.Backend)
	}
}

// workload is the pod that answered, or did not.
func workload(p *Passage, e loadbalancer.LogEntry, _ RuleName) {
	details := e.Payload.StatusDetails
	if strings.HasPrefix(details, "client_disconnected") {
		p.HungUp = true
		p.step(layer.Workload, Skipped, "the client hung up: %s", details)
		return
	}
	if details != "response_sent_by_backend" && details != "websocket_closed" {
		p.stop(layer.Workload, details, "no whole answer from the backend: "+details)
		return
	}
	p.step(layer.Workload, Passed, "answered by the pod at %s", e.HTTPRequest.ServerIP)
}

// application is the result of the API; it separates refusals because of data from
// refusals because of the caller.
func application(p *Passage, e loadbalancer.LogEntry, _ RuleName) {
	known := meanings()[e.Problem]
	switch {
	case e.Problem != "" && known.layer == layer.Data:
		p.step(layer.Identity, Passed, "the caller is known")
		p.stop(layer.Data, e.Problem, known.say(e.Problem))
	case e.Problem != "":
		p.stop(layer.Identity, e.Problem, known.say(e.Problem))
	case p.Status >= http.StatusBadRequest:
		p.stop(layer.Identity, fmt.Sprintf("status %d", p.Status), "refused by the application")
	default:
		p.step(layer.Identity, Passed, "answered with status %d", p.Status)
		// What changes something is answered only once the stores have it.
		if p.Method != http.MethodGet && p.Method != http.MethodHead && strings.HasPrefix(p.Path, "/v1/") {
			p.step(layer.Data, Passed, "the stores have what the answer says")
		}
	}
}

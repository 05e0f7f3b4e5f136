package requestlog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

func name(policy string, priority int) string {
	if policy == "policy" && priority == 3000 {
		return "waf-sqli"
	}
	return ""
}

// entry is a request that an API pod answered with 200.
func entry(change func(*loadbalancer.LogEntry)) loadbalancer.LogEntry {
	e := loadbalancer.LogEntry{Severity: "INFO", Trace: "projects/p/traces/0123"}
	e.HTTPRequest = loadbalancer.HTTPRequest{Method: "GET", URL: "https://licenses.coditect.ai/health?id=1", Status: 200, ServerIP: "127.83.64.4"}
	e.Resource.Labels = map[string]string{"backend_service_name": "coditect-app-license-api-80"}
	e.Payload.StatusDetails = "response_sent_by_backend"
	e.Payload.Enforced = &loadbalancer.PolicyMatch{Name: "policy", Priority: 10000, Outcome: "ACCEPT"}
	change(&e)
	return e
}

func TestARequestIsStoppedByTheLayerThatTheEvidenceNames(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct {
		change func(*loadbalancer.LogEntry)
		layer  int
		rule   string
	}{
		"a good request by none": {func(*loadbalancer.LogEntry) {}, 0, ""},
		"an attack by the WAF rule": {func(e *loadbalancer.LogEntry) {
			e.HTTPRequest.Status = 403
			e.Payload.Enforced = &loadbalancer.PolicyMatch{Name: "policy", Priority: 3000, Outcome: "DENY", MatchedRuleIDs: []string{"id942100"}}
		}, layer.CloudArmor, "waf-sqli (3000)"},
		"a rule without a name by its policy and priority": {func(e *loadbalancer.LogEntry) {
			e.Payload.Enforced = &loadbalancer.PolicyMatch{Name: "policy", Priority: 7, Outcome: "DENY"}
		}, layer.CloudArmor, "policy rule 7"},
		"an unknown host by the ingress": {func(e *loadbalancer.LogEntry) {
			e.Payload.Enforced, e.Resource.Labels = nil, nil
		}, layer.Ingress, "no route"},
		"a slow body by the load balancer": {func(e *loadbalancer.LogEntry) { e.Payload.StatusDetails = "client_timed_out" }, layer.Ingress, "client_timed_out"},
		"a pod that is down by the workload": {func(e *loadbalancer.LogEntry) {
			e.Payload.StatusDetails, e.HTTPRequest.Status = "failed_to_pick_backend", 502
		}, layer.Workload, "failed_to_pick_backend"},
		"a missing token by the identity": {func(e *loadbalancer.LogEntry) { e.Problem, e.HTTPRequest.Status = "missing_auth", 401 }, layer.Identity, "missing_auth"},
		"a full licence by the data":      {func(e *loadbalancer.LogEntry) { e.Problem, e.HTTPRequest.Status = "no_seats_available", 409 }, layer.Data, "no_seats_available"},
		"a new problem by the identity":   {func(e *loadbalancer.LogEntry) { e.Problem = "invented_later" }, layer.Identity, "invented_later"},
		"a bare error by the identity":    {func(e *loadbalancer.LogEntry) { e.HTTPRequest.Status = 405 }, layer.Identity, "status 405"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := requestlog.Of(entry(test.change), name)
			assert.Equal(t, test.layer, got.StoppedBy)
			assert.Equal(t, test.rule, got.Rule)
			for _, step := range got.Steps {
				assert.Equal(t, step.Layer == test.layer, step.Outcome == requestlog.Stopped, "layer %d", step.Layer)
				if test.layer != 0 && step.Layer != layer.Observability {
					assert.LessOrEqual(t, step.Layer, test.layer, "what was stopped goes no further, but into the log")
				}
			}
		})
	}
}

func TestAPassageSaysWhereTheRequestWent(t *testing.T) {
	t.Parallel()
	got := requestlog.Of(entry(func(e *loadbalancer.LogEntry) {
		e.Payload.Preview = &loadbalancer.PolicyMatch{Name: "policy", Priority: 3000, Outcome: "DENY"}
	}), name)
	assert.Equal(t, "licenses.coditect.ai", got.Host)
	assert.Equal(t, "/health?id=1", got.Path)
	assert.Equal(t, "0123", got.Trace)
	assert.Contains(t, got.Steps[0].Why, "in preview, waf-sqli (3000) would have refused it")
	assert.Contains(t, got.Steps[3].Why, "127.83.64.4")

	ide := requestlog.Of(entry(func(e *loadbalancer.LogEntry) { e.Payload.Enforced = nil }), name)
	assert.Equal(t, requestlog.Skipped, ide.Steps[0].Outcome, "the Cloud IDE has no policy")
}

func TestAReasonIsAddedWhereTheRequestWasStopped(t *testing.T) {
	t.Parallel()
	p := requestlog.Passage{StoppedBy: 4, Steps: []requestlog.Step{{Layer: 3, Outcome: requestlog.Passed, Why: "routed"}, {Layer: 4, Outcome: requestlog.Stopped, Why: "nobody answered"}}}
	p.Because(4, "")
	p.Because(1, "another layer's reason")
	assert.Equal(t, "nobody answered", p.Steps[1].Why)
	p.Because(4, "a NetworkPolicy")
	assert.Equal(t, "nobody answered; a NetworkPolicy", p.Steps[1].Why)
	assert.Equal(t, "routed", p.Steps[0].Why)
}

package requestlog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

func answered(method, path, details string, status int) requestlog.Passage {
	e := loadbalancer.LogEntry{}
	e.HTTPRequest.Method, e.HTTPRequest.URL, e.HTTPRequest.Status = method, "https://licenses.coditect.ai"+path, status
	e.Payload.StatusDetails = details
	e.Resource.Labels = map[string]string{"backend_service_name": "license-api"}
	return requestlog.Of(e, func(string, int) string { return "" })
}

func outcomeOf(p requestlog.Passage, number int) requestlog.Outcome {
	for _, step := range p.Steps {
		if step.Layer == number {
			return step.Outcome
		}
	}
	return ""
}

func TestAClientThatHungUpWasStoppedByNobody(t *testing.T) {
	t.Parallel()
	for _, details := range []string{"client_disconnected_before_any_response", "client_disconnected_after_partial_response"} {
		p := answered("POST", "/v1/licenses/demo/acquire", details, 499)
		assert.Zero(t, p.StoppedBy, details)
		assert.True(t, p.HungUp, details)
		assert.Equal(t, requestlog.Skipped, outcomeOf(p, layer.Workload), details)
		assert.Empty(t, outcomeOf(p, layer.Identity), "what the pod made of it is not known")
	}
	p := answered("POST", "/v1/licenses/demo/acquire", "failed_to_pick_backend", 503)
	assert.Equal(t, layer.Workload, p.StoppedBy)
}

func TestWhatChangesSomethingReachesTheDataWhenItSucceeds(t *testing.T) {
	t.Parallel()
	const whole = "response_sent_by_backend"
	assert.Equal(t, requestlog.Passed, outcomeOf(answered("POST", "/v1/licenses/demo/acquire", whole, 200), layer.Data))
	assert.Empty(t, outcomeOf(answered("GET", "/health", whole, 200), layer.Data))
	assert.Empty(t, outcomeOf(answered("POST", "/v1/licenses/demo/acquire", whole, 401), layer.Data))
}

func TestWhatTheApplicationRefusesIsNotCalledIdentityAlone(t *testing.T) {
	t.Parallel()
	p := answered("GET", "/nowhere", "response_sent_by_backend", 404)
	assert.Equal(t, "identity, application", layer.Name(p.StoppedBy))
}

package daemon

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

func namedRule(name string, priority any) store.Resource {
	return store.Resource{
		Type: gcp.TypeSecurityPolicyRule, ID: name, URN: "urn:pulumi:local::p::t::armor-" + name,
		Outputs: map[string]any{"securityPolicy": "projects/p/global/securityPolicies/licenses", "priority": priority},
	}
}

func refused(id string, priority int) loadbalancer.LogEntry {
	e := loadbalancer.LogEntry{InsertID: id, Trace: "projects/p/traces/" + id}
	e.Payload.Enforced = &loadbalancer.PolicyMatch{Name: "licenses", Priority: priority, Outcome: "DENY"}
	return e
}

func TestTheHistoryIsNotRenamedWhenWhatWasDoneIsUndone(t *testing.T) {
	t.Parallel()
	h := newHistory(func() string { return "" })
	var told []requestlog.Passage
	unwatch := h.watchers.Add(func(p requestlog.Passage) { told = append(told, p) })
	h.learn([]store.Resource{namedRule("lockdown", 10), namedRule("waf-sqli", float64(3000))})
	h.add(refused("before", 10))
	h.learn([]store.Resource{namedRule("waf-sqli", 3000)}) // the lockdown is taken back
	h.add(refused("still", 10))                            // decided just before
	h.learn([]store.Resource{namedRule("maintenance", 10)})
	unwatch()
	h.add(refused("after", 10))

	all := h.passages("")
	require.Len(t, all, 3)
	assert.Equal(t, []string{"maintenance (10)", "lockdown (10)", "lockdown (10)"}, []string{all[0].Rule, all[1].Rule, all[2].Rule}, "the newest first")
	assert.Equal(t, []requestlog.Passage{all[2], all[1]}, told, "who watches is told the same")
	assert.Equal(t, all[1:2], h.passages("still"))
}

func TestWhyNoPodAnsweredIsTheReasonOfThatTime(t *testing.T) {
	t.Parallel()
	why := "the policy license-api does not let it in"
	h := newHistory(func() string { return why })
	unanswered := loadbalancer.LogEntry{}
	unanswered.Resource.Labels = map[string]string{"backend_service_name": "b"}
	unanswered.Payload.StatusDetails = "failed_to_connect_to_backend"
	h.add(unanswered)
	why = ""
	h.add(unanswered)
	all := h.passages("")
	require.Equal(t, layer.Workload, all[1].StoppedBy)
	assert.Contains(t, fmt.Sprint(all[1].Steps), "the policy license-api does not let it in", "although it does now")
	assert.NotContains(t, fmt.Sprint(all[0].Steps), "license-api", "it was another reason then")
}

func TestTheHistoryIsBounded(t *testing.T) {
	t.Parallel()
	h := newHistory(func() string { return "" })
	for n := range maxRequests + 3 {
		h.add(refused(fmt.Sprint(n), 10))
	}
	all := h.passages("")
	require.Len(t, all, maxRequests)
	assert.Equal(t, []string{fmt.Sprint(maxRequests + 2), "3"}, []string{all[0].ID, all[maxRequests-1].ID})
}

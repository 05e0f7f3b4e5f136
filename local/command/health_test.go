package command

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
)

func TestAnUnhealthyCloudIsReportedWithItsProblemsAndFails(t *testing.T) {
	t.Parallel()
	pod := func(ready, terminating bool) []daemon.Pod {
		return []daemon.Pod{{Namespace: "app", Name: "api-1", Owner: "Deployment/api", Phase: "Running", Ready: ready, Terminating: terminating, Message: "no Redis"}}
	}
	missing := dataplane.Status{Missing: []string{"egress from pod app/api-1 to Redis is allowed by none. The missing rule: …"}}
	for name, test := range map[string]struct {
		status daemon.Status
		fails  bool
		says   string
	}{
		"a rule was taken away":                    {daemon.Status{Pods: pod(true, false), Network: missing}, true, "The missing rule: …"},
		"a pod does not get ready":                 {daemon.Status{Pods: pod(false, false)}, true, "pod app/api-1 is not ready (Running): no Redis"},
		"a pod is on its way out":                  {daemon.Status{Pods: pod(false, true)}, false, ""},
		"a pod waits for what was made to fail":    {daemon.Status{Pods: pod(false, false), Faults: []string{"redis"}}, false, ""},
		"a pod has a problem beside such a fault":  {daemon.Status{Pods: pod(false, false), Faults: []string{"seats", "certificate"}}, true, "pod app/api-1 is not ready (Running): no Redis"},
		"the load balancer serves another thing":   {daemon.Status{Edge: ingresscontroller.Status{Problems: []string{"a path without a Service"}}}, true, "a path without a Service"},
		"something did not come back at the start": {daemon.Status{Problems: []string{"no key"}}, true, "no key"},
		"nothing is wrong":                         {daemon.Status{Pods: pod(true, false)}, false, ""},
	} {
		test.status.Edge.Synced = true
		var out strings.Builder
		err := (&app{out: newPrinter(&out, &out)}).reportProblems(test.status)
		assert.Equal(t, test.fails, err != nil, name)
		assert.Contains(t, out.String(), test.says, name)
	}
}

func TestUpWaitsForAHealthyCloudUntilATimeout(t *testing.T) {
	t.Parallel()
	sick, asked := daemon.Status{Network: dataplane.Status{Missing: []string{"x"}}}, 0
	recovers := func(context.Context) (daemon.Status, error) {
		if asked++; asked > 2 {
			return daemon.Status{}, nil
		}
		return sick, nil
	}
	status, err := awaitHealthy(t.Context(), recovers, time.Hour)
	require.NoError(t, err)
	assert.Empty(t, status.CurrentProblems())
	status, err = awaitHealthy(t.Context(), func(context.Context) (daemon.Status, error) { return sick, nil }, time.Millisecond)
	require.NoError(t, err)
	assert.Len(t, status.CurrentProblems(), 1)
}

package e2e_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// podsAreKeptApart: a process of this machine counts as managed Prometheus, which
// the declared NetworkPolicies let read the metrics and nothing else.
func podsAreKeptApart(t *testing.T, m *machine) {
	if strings.Contains(m.well(t), "warning: pods run without a network and a file system of their own") {
		t.Skip("this machine refuses namespaces, and the stack says so")
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: await.Limit}
	metrics, err := direct.Get(m.endpoints.Metrics)
	require.NoError(t, err)
	require.NoError(t, metrics.Body.Close())
	assert.Equal(t, http.StatusOK, metrics.StatusCode)
	around := strings.Replace(m.endpoints.Metrics, ":9090/metrics", ":8000/health", 1)
	require.NotEqual(t, m.endpoints.Metrics, around)
	direct.Timeout = time.Second // what is dropped is never answered
	answered, err := direct.Get(around)
	if err == nil {
		require.NoError(t, answered.Body.Close())
	}
	var waited net.Error
	require.ErrorAs(t, err, &waited, "nobody gets around the load balancer")
	assert.True(t, waited.Timeout(), "what is denied is dropped, not refused")
	status := m.well(t)
	assert.Contains(t, status, "denied: NetworkPolicy: ingress to pod coditect-app/license-api-")
	assert.NotContains(t, status, "NetworkPolicy: egress from pod coditect-app/license-", "the declared policies allow what the pods need")
}

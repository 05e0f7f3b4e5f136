package stack_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	jobType        = "kubernetes:batch/v1:Job"
	serviceType    = "kubernetes:core/v1:Service"
)

func TestPulumiWaitsAsLongAsASoundUpdateMayTake(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.Stacks(t) {
		made := stacktest.Deploy(t, stack)
		deployment := made.One(t, deploymentType, "license-api")
		assert.Equal(t, deployment.CreateWait, deployment.UpdateWait, stack)
		assert.Greater(t, duration(t, deployment.UpdateWait), seconds(t, deployment, "spec.minReadySeconds"), stack)
		job := made.One(t, jobType, "license-migrate")
		assert.Greater(t, duration(t, job.CreateWait), seconds(t, job, "spec.activeDeadlineSeconds"), "Kubernetes says first why it gave up")
		for _, r := range made.Resources {
			if r.Type == nodePool {
				assert.Equal(t, "7200s", r.UpdateWait, "%s: GKE gives one node after the other another machine", stack)
				assert.Empty(t, r.CreateWait, stack)
			} else if !r.Kubernetes() {
				assert.Empty(t, r.CreateWait+r.UpdateWait, "%s %s: the Google provider's own limits are longer than what they are for", r.Type, r.Name)
			}
		}
	}
	long := stacktest.Deploy(t, "prod", plan.Set("api.settleSeconds", 300)).One(t, deploymentType, "license-api")
	assert.Greater(t, duration(t, long.UpdateWait), 12*5*time.Minute)
	assert.Greater(t, seconds(t, long, "spec.progressDeadlineSeconds"), 5*time.Minute+time.Minute)
}

// TestThePipelineEndsNoUpdateThatPulumiWouldEndByItself adds up what an update may wait for,
// one after the other: a job that is stopped leaves a lock and half a change.
func TestThePipelineEndsNoUpdateThatPulumiWouldEndByItself(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../.github/workflows/deploy.yml")
	require.NoError(t, err)
	var pipeline struct {
		Jobs map[string]struct {
			Minutes int `json:"timeout-minutes"`
		} `json:"jobs"`
	}
	require.NoError(t, yaml.Unmarshal(content, &pipeline))
	const (
		database = 90 * time.Minute // the Google provider's own limit
		peering  = 10 * time.Minute // likewise
		ingress  = 10 * time.Minute // the Kubernetes provider's
		// tries are those of what Google is not ready for, for services and for metrics (stack/retry).
		tries = 2 * 12 * time.Minute
	)
	for _, stack := range []string{"dev", "prod"} {
		made := stacktest.Deploy(t, stack)
		longest := database
		for _, nodes := range made.Of(nodePool) {
			longest = max(longest, duration(t, nodes.UpdateWait))
		}
		whole := tries + peering + longest + ingress +
			duration(t, made.One(t, jobType, "license-migrate").CreateWait) + duration(t, made.One(t, deploymentType, "license-api").UpdateWait)
		assert.Greater(t, time.Duration(pipeline.Jobs[stack].Minutes)*time.Minute, whole, stack)
	}
}

func TestNoServiceWaitsForPodsThatComeAfterTheDatabase(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.Stacks(t) {
		made := stacktest.Deploy(t, stack)
		deployment := made.One(t, deploymentType, "license-api")
		services := made.Of(serviceType)
		require.NotEmpty(t, services)
		for _, service := range services {
			assert.Equal(t, "true", service.Text(`metadata.annotations["pulumi.com/skipAwait"]`), service.Name)
		}
		for _, r := range made.Resources {
			if r.Type == "kubernetes:networking.k8s.io/v1:Ingress" || r.Type == "kubernetes:networking.k8s.io/v1:IngressPatch" {
				assert.True(t, made.ComesAfter(r, deployment), "the load balancer is told of pods that are ready")
			}
		}
	}
}

func TestTheNumberOfPodsIsTheAutoscalersForGood(t *testing.T) {
	t.Parallel()
	scaled := stacktest.Deploy(t, "prod").One(t, deploymentType, "license-api")
	assert.Nil(t, scaled.Get("spec.replicas"))
	assert.Contains(t, scaled.IgnoreChanges, "spec.replicas", "or an update takes over what was set with kubectl, and gives it up")
	fixed := stacktest.Deploy(t, "local").One(t, deploymentType, "license-api")
	assert.InDelta(t, 2, fixed.Get("spec.replicas"), 0)
	assert.NotContains(t, fixed.IgnoreChanges, "spec.replicas")
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	parsed, err := time.ParseDuration(text)
	require.NoError(t, err)
	return parsed
}

func seconds(t *testing.T, r declared.Resource, path string) time.Duration {
	t.Helper()
	n, number := r.Get(path).(float64)
	require.True(t, number || r.Get(path) == nil, path)
	return time.Duration(n) * time.Second
}

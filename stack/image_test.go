package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func image(t *testing.T, plan *stacktest.Plan) string {
	t.Helper()
	return plan.One(t, deployment, "license-api").Text("spec.template.spec.containers[0].image")
}

func TestPodsRunTheImageByItsDigest(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		project := plan.One(t, "pulumi:providers:gcp", "gcp").Text("project")
		repository := "us-central1-docker.pkg.dev/" + project + "/license-platform/license-api"
		assert.Equal(t, repository+"@"+stacktest.Digest, image(t, plan))
		assert.Equal(t, image(t, plan), plan.One(t, job, "license-migrate").Text("spec.template.spec.containers[0].image"))
		assert.Equal(t, []string{
			"linux/amd64 " + repository + ":next-" + plan.Stack,
			repository + "@" + stacktest.Digest + " " + repository + ":runs-" + plan.Stack,
		}, plan.Pushed, "it is kept from before its pods start, and as the one that runs once they do")
	})
}

func TestAPreviewPublishesNothing(t *testing.T) {
	t.Parallel()
	plan := stacktest.Deploy(t, "prod", stacktest.Preview())
	assert.Empty(t, plan.Pushed)
	assert.Contains(t, image(t, plan), stacktest.Digest)
}

// TestAnImageOfAnotherStackIsCopied, so that its pods depend on no repository
// whose owner cleans it up.
func TestAnImageOfAnotherStackIsCopied(t *testing.T) {
	t.Parallel()
	const (
		digest = "@sha256:abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"
		tested = "us-central1-docker.pkg.dev/coditect-licenses-dev/license-platform/license-api" + digest
		own    = "us-central1-docker.pkg.dev/coditect-cloud-infra/license-platform/license-api"
	)
	plan := stacktest.Deploy(t, "prod", stacktest.Set("api.image", tested))
	assert.Equal(t, own+digest, image(t, plan), "the same image, in the stack's own repository")
	assert.Equal(t, []string{tested + " " + own + ":next-prod", own + digest + " " + own + ":runs-prod"}, plan.Pushed)
}

func TestTheMigrationRunsAgainExactlyWhenItHasSomethingElseToDo(t *testing.T) {
	t.Parallel()
	name := func(changes ...stacktest.Change) string {
		return stacktest.Deploy(t, "local", changes...).One(t, job, "license-migrate").Text("metadata.name")
	}
	usual := name()
	assert.Regexp(t, `^license-migrate-[0-9a-f]{10}$`, usual)
	assert.Equal(t, usual, name(), "the same content is the same Job")
	assert.Equal(t, usual, name(stacktest.Set("api.replicas", map[string]any{"min": 1, "max": 1})))
	assert.NotEqual(t, usual, name(stacktest.Set("api.memory", "1Gi")))
	assert.NotEqual(t, usual, name(stacktest.Set("identity.tenants", []any{map[string]any{
		"name": "demo", "displayName": "demo", "licenses": []any{map[string]any{"id": "demo", "product": "coditect-ide", "seats": 6, "leaseSeconds": 300}},
	}})), "a licence has one seat more")
}

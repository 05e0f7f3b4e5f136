package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func image(t *testing.T, made *plan.Plan) string {
	t.Helper()
	return made.One(t, deployment, "license-api").Text("spec.template.spec.containers[0].image")
}

func TestPodsRunTheImageByItsDigest(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		project := made.One(t, "pulumi:providers:gcp", "gcp").Text("project")
		repository := "us-central1-docker.pkg.dev/" + project + "/license-platform/license-api"
		assert.Equal(t, repository+"@"+plan.Digest, image(t, made))
		assert.Equal(t, image(t, made), made.One(t, job, "license-migrate").Text("spec.template.spec.containers[0].image"))
		assert.Equal(t, []string{
			"linux/amd64 " + repository + ":next-" + made.Stack,
			repository + "@" + plan.Digest + " " + repository + ":runs-" + made.Stack,
		}, made.Pushed, "it is kept from before its pods start, and as the one that runs once they do")
	})
}

func TestAPreviewPublishesNothing(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Preview())
	assert.Empty(t, made.Pushed)
	assert.Contains(t, image(t, made), plan.Digest)
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
	made := stacktest.Deploy(t, "prod", plan.Set("api.image", tested))
	assert.Equal(t, own+digest, image(t, made), "the same image, in the stack's own repository")
	assert.Equal(t, []string{tested + " " + own + ":next-prod", own + digest + " " + own + ":runs-prod"}, made.Pushed)
}

func TestTheMigrationRunsAgainExactlyWhenItHasSomethingElseToDo(t *testing.T) {
	t.Parallel()
	name := func(changes ...plan.Change) string {
		return stacktest.Deploy(t, "local", changes...).One(t, job, "license-migrate").Text("metadata.name")
	}
	usual := name()
	assert.Regexp(t, `^license-migrate-[0-9a-f]{10}$`, usual)
	assert.Equal(t, usual, name(), "the same content is the same Job")
	assert.Equal(t, usual, name(plan.Set("api.replicas", map[string]any{"min": 1, "max": 1})))
	assert.NotEqual(t, usual, name(plan.Set("api.memory", "1Gi")))
	assert.NotEqual(t, usual, name(plan.Set("identity.tenants", []any{map[string]any{
		"name": "demo", "displayName": "demo", "licenses": []any{map[string]any{"id": "demo", "product": "coditect-ide", "seats": 6, "leaseSeconds": 300}},
	}})), "a licence has one seat more")
}

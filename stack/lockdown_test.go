package stack_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// change is one resource that differs between two plans: what it is in each, nil
// where it is not declared.
type change struct{ before, after *declared.Resource }

// changesBetween are the differences of two plans by type and name.
func changesBetween(before, after *plan.Plan) map[string]change {
	found := map[string]change{}
	for _, r := range before.Resources {
		found[r.Type+" "+r.Name] = change{before: &r}
	}
	for _, r := range after.Resources {
		key := r.Type + " " + r.Name
		was, existed := found[key]
		if existed && reflect.DeepEqual(was.before.Inputs(), r.Inputs()) && was.before.Protect == r.Protect && was.before.Parent == r.Parent {
			delete(found, key)
			continue
		}
		found[key] = change{before: was.before, after: &r}
	}
	return found
}

func TestALockdownIsOneRuleTheTenantsSignInAndOneRightAndNoOtherChange(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			usual := stacktest.Deploy(t, name)
			locked := stacktest.Deploy(t, name, plan.Set("platform.lockdown", true))

			changes := changesBetween(usual, locked)
			for key, c := range changes {
				switch {
				case strings.HasPrefix(key, armorRule):
					assert.Nil(t, c.before, "no rule of before is changed: %s", key)
				case strings.HasPrefix(key, keyGrant):
					assert.Nil(t, c.after, "no right is given in an incident: %s", key)
					assert.Equal(t, "roles/cloudkms.signer", c.before.Text("role"))
				case strings.HasPrefix(key, "gcp:identityplatform/tenant:Tenant"):
					require.NotNil(t, c.before, "a tenant that is replaced loses its users")
					require.NotNil(t, c.after, "a tenant that is replaced loses its users")
					was, is := c.before.Inputs(), c.after.Inputs()
					assert.NotEqual(t, was["disableAuth"], is["disableAuth"])
					delete(was, "disableAuth")
					delete(is, "disableAuth")
					assert.Equal(t, was, is, "only sign-in is suspended")
				case strings.HasSuffix(key, " outputs"):
					was, is := c.before.Inputs(), c.after.Inputs()
					assert.Equal(t, []any{}, was["suspended"])
					assert.Equal(t, []any{"signIn", "signing"}, is["suspended"], "the outputs tell of it")
					delete(was, "suspended")
					delete(is, "suspended")
					assert.Equal(t, was, is)
				default:
					t.Errorf("a lockdown has no business with %s", key)
				}
			}
			assert.Len(t, changes, 3+len(usual.Of("gcp:identityplatform/tenant:Tenant")), "one rule, one right, every tenant, and what the outputs tell of it")
		})
	}
}

func TestALockdownTakenBackLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	usual := stacktest.Deploy(t, "prod")
	back := stacktest.Deploy(t, "prod", plan.Set("platform.lockdown", false))
	assert.Empty(t, changesBetween(usual, back))
}

func TestTheLockdownsRuleStandsBeforeEveryOtherAndIsEnforcedEvenInPreviewMode(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Set("platform.lockdown", true), plan.Set("armor.preview", true))
	rule := made.One(t, armorRule, "armor-lockdown")

	assert.Equal(t, "deny(403)", rule.Text("action"))
	assert.NotEqual(t, true, rule.Get("preview"))
	expression := rule.Text("match.expr.expression")
	assert.Contains(t, expression, "'licenses.coditect.ai'")
	for _, host := range []string{"'api.coditect.ai'", "'coditect.ai'", "'www.coditect.ai'"} {
		assert.NotContains(t, expression, host, "the IDE goes on")
	}
	staff := plan.Set("kubernetes.ingress.staff", map[string]any{"enabled": true, "oauthSecret": "iap"})
	both := stacktest.Deploy(t, "prod", plan.Set("platform.lockdown", true), staff).One(t, armorRule, "armor-lockdown")
	assert.Contains(t, both.Text("match.expr.expression"), "'admin.coditect.ai'", "a stolen account of the staff is no way around it")
	assert.Contains(t, both.Text("match.expr.expression"), "'licenses.coditect.ai'")
	for _, other := range made.Of(armorRule) {
		if other.Name != rule.Name {
			assert.Greater(t, other.Get("priority"), rule.Get("priority"), other.Name)
		}
	}
}

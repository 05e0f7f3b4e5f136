package checklist

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// TestNoItemPassesOverABrokenPlan breaks, one after the other, every property
// that an item was evaluated by, in a copy of the plan, and sees the item fail.
func TestNoItemPassesOverABrokenPlan(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, stack := range stackfile.Names("../..") {
		plans, err := PlansOf("../..", stack, plan.Set("observe.emails", []any{"somebody@coditect.ai"}))
		require.NoError(t, err)
		for _, item := range slices.Concat(Design(), Checkov()) {
			if item.evaluate(plans).Status != Pass {
				continue
			}
			for i, requirement := range item.Requirements {
				for _, changed := range requirement.broken(t, plans) {
					broken[fmt.Sprint(item.ID, i)] = true
					assert.Equal(t, Fail, item.evaluate(changed.plans).Status, "%s, %s: %s passes with %s", stack, item.ID, item.Text, changed.what)
				}
			}
		}
	}
	for _, item := range slices.Concat(Design(), Checkov()) {
		for i := range item.Requirements {
			assert.True(t, broken[fmt.Sprint(item.ID, i)], "%s: requirement %d was never broken", item.ID, i)
		}
	}
}

type breakage struct {
	plans Plans
	what  string
}

// broken returns the plans with the requirement's property broken in one
// resource, for each resource; and without all of the resources.
func (r Requirement) broken(t *testing.T, plans Plans) (all []breakage) {
	t.Helper()
	within := r.plan(plans)
	if r.When != "" && len(within.Of(r.When)) == 0 || r.spared(within) != "" {
		return nil
	}
	resources := r.resources(within)
	for _, resource := range resources {
		path := r.path(resource)
		replaced := resource
		if path == protect {
			replaced.Protect = false
		} else {
			var changed bool
			replaced, changed = resource.With(path, r.Break)
			require.True(t, changed, "%s %s", resource.Name, path)
		}
		all = append(all, breakage{r.instead(plans, func(one declared.Resource) (declared.Resource, bool) {
			if one.URN == resource.URN {
				return replaced, true
			}
			return one, true
		}), fmt.Sprintf("%s %s = %v", resource.Name, path, r.Break)})
	}
	if r.Type == r.When {
		return all // without the resource the requirement does not apply
	}
	return append(all, breakage{r.instead(plans, func(one declared.Resource) (declared.Resource, bool) {
		return one, !slices.ContainsFunc(resources, func(r declared.Resource) bool { return r.URN == one.URN })
	}), "no " + r.Type + " " + r.Name})
}

// instead returns the plans with every resource replaced, or left out.
func (r Requirement) instead(plans Plans, change func(declared.Resource) (declared.Resource, bool)) Plans {
	within := r.plan(plans)
	changed := &plan.Plan{Stack: within.Stack}
	for _, resource := range within.Resources {
		if kept, ok := change(resource); ok {
			changed.Resources = append(changed.Resources, kept)
		}
	}
	if r.Lockdown {
		return Plans{Now: plans.Now, Lockdown: changed}
	}
	return Plans{Now: changed, Lockdown: plans.Lockdown}
}

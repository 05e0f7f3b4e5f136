package ingresscontroller

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// Armor makes a guard for a Cloud Armor policy from the properties of a SecurityPolicy
// and of its SecurityPolicyRules. previous is the guard that enforced an earlier version
// of the same policy, nil the first time; returning it, changed in place, keeps the
// counters of its rate limits.
type Armor func(policy map[string]any, rules []map[string]any, previous loadbalancer.Guard) (loadbalancer.Guard, error)

// guards keeps one guard for each policy that is attached to a backend. A change
// of a policy is enforced at once, even while the Ingress stalls: on Google Cloud
// too it does not pass through the Ingress controller.
type guards struct {
	armor Armor
	made  map[string]guarded // by the policy's name
}

type guarded struct {
	guard   loadbalancer.Guard
	version string
}

// of returns the guard for the policy of that name.
func (g *guards) of(w declaredResources, name string) (loadbalancer.Guard, error) {
	p, exists := w.policies[name]
	if !exists {
		return nil, fmt.Errorf("there is no security policy %q", name)
	}
	p = p.withDefaultRule()
	text, err := json.Marshal([]any{p.properties, p.rules})
	if err != nil {
		return nil, fmt.Errorf("security policy %q: %w", name, err)
	}
	before := g.made[name]
	if before.guard != nil && before.version == string(text) {
		return before.guard, nil
	}
	guard, err := g.armor(p.properties, p.rules, before.guard)
	if err != nil {
		return nil, err
	}
	g.made[name] = guarded{guard, string(text)}
	return guard, nil
}

// refresh brings the guards in use to their policies' present rules.
func (g *guards) refresh(w declaredResources) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(g.made)) {
		if _, exists := w.policies[name]; !exists {
			continue // an attached policy that is gone is the translation's problem
		}
		if _, err := g.of(w, name); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// forget drops the guards of policies that no backend names.
func (g *guards) forget(used map[string]string) {
	keep := slices.Collect(maps.Values(used))
	maps.DeleteFunc(g.made, func(name string, _ guarded) bool { return !slices.Contains(keep, name) })
}

// defaultPriority is the priority of a policy's default rule, which always exists.
const defaultPriority = 2147483647

// withDefaultRule resolves the default rule: the API adds one that allows when a
// policy is made without, and a stand-alone rule at its priority replaces it
// (https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies).
func (p policy) withDefaultRule() policy {
	inline, _ := p.properties["rules"].([]any)
	inlineDefault := func(rule any) bool {
		properties, _ := rule.(map[string]any)
		return isDefault(properties)
	}
	alone, among := slices.ContainsFunc(p.rules, isDefault), slices.ContainsFunc(inline, inlineDefault)
	switch {
	case alone && among:
		p.properties = maps.Clone(p.properties)
		p.properties["rules"] = slices.DeleteFunc(slices.Clone(inline), inlineDefault)
	case !alone && !among:
		p.rules = append(slices.Clone(p.rules), map[string]any{
			"priority": defaultPriority, "action": "allow", "description": "default rule",
			"match": map[string]any{
				"versionedExpr": "SRC_IPS_V1",
				"config":        map[string]any{"srcIpRanges": []any{"*"}},
			},
		})
	}
	return p
}

// isDefault compares the priority, which is an int when declared and a float64
// when read back from the store.
func isDefault(rule map[string]any) bool {
	switch priority := rule["priority"].(type) {
	case int:
		return priority == defaultPriority
	case float64:
		return priority == defaultPriority
	default:
		return false
	}
}

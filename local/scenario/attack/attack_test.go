package attack_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/report/layer"
	"github.com/coditect-ai/license-platform/local/scenario/attack"
)

func TestEveryAttackSaysWhatHasToStopIt(t *testing.T) {
	t.Parallel()
	seen, layers := map[string]bool{}, map[int]int{}
	for _, a := range attack.All() {
		assert.NotEmpty(t, a.Name)
		assert.False(t, seen[a.Name], "%s is there twice", a.Name)
		seen[a.Name] = true
		layers[a.Layer]++
		assert.NotNil(t, a.Try, a.Name)
		assert.Equal(t, a.Layer == attack.Nobody, a.Rule == "", "%s: what is stopped is stopped by something", a.Name)
	}
	// Nothing is stopped by the Ingress: the IDE's default backend answers for what
	// no rule names.
	for _, number := range []int{attack.Nobody, layer.CloudArmor, layer.Network, layer.Workload, layer.Identity, layer.Data} {
		assert.Positive(t, layers[number], "no attack on layer %d", number)
	}
}

func TestAResultIsJudgedByItsEvidence(t *testing.T) {
	t.Parallel()
	waf := attack.Attack{Layer: layer.CloudArmor, Rule: "waf-sqli"}
	pass := attack.Attack{Layer: attack.Nobody}
	for name, test := range map[string]struct {
		result  attack.Result
		ok      bool
		verdict string
	}{
		"stopped by the rule that has to": {
			attack.Result{Attack: waf, Finding: attack.Finding{Layer: layer.CloudArmor, Rule: "waf-sqli (3000)"}}, true, "stopped",
		},
		"stopped by another rule": {
			attack.Result{Attack: waf, Finding: attack.Finding{Layer: layer.CloudArmor, Rule: "deny-regions (1000)"}}, false, "BUT NOT BY layer 1",
		},
		"stopped by another layer": {
			attack.Result{Attack: waf, Finding: attack.Finding{Layer: layer.Identity, Rule: "missing_auth"}}, false, "BUT NOT BY layer 1",
		},
		"not stopped":     {attack.Result{Attack: waf, Finding: attack.Finding{Rule: ""}}, false, "BREACHED"},
		"without a trace": {attack.Result{Attack: waf, Err: errors.New("nobody knows")}, false, "nobody knows"},
		"passed as it has to": {
			attack.Result{Attack: pass}, true, "untouched",
		},
		"an honest request that is stopped": {
			attack.Result{Attack: pass, Finding: attack.Finding{Layer: layer.CloudArmor, Rule: "waf-sqli (3000)"}}, false, "NOBODY'S BUSINESS",
		},
		"an honest request without a trace": {attack.Result{Attack: pass, Err: errors.New("nobody knows")}, false, "nobody knows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.ok, test.result.OK())
			assert.Contains(t, test.result.Verdict(), test.verdict)
			assert.Len(t, attack.Failed([]attack.Result{test.result}), map[bool]int{true: 0, false: 1}[test.ok])
		})
	}
}

func TestAttacksAreMadeInOrderUntilTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var made []string
	try := func(name string, then func()) attack.Attack {
		return attack.Attack{Name: name, Try: func(ctx context.Context, _ *attack.Target) (attack.Finding, error) {
			deadline, bounded := ctx.Deadline()
			assert.True(t, bounded)
			assert.Less(t, time.Until(deadline), 5*time.Minute)
			made = append(made, name)
			then()
			return attack.Finding{}, nil
		}}
	}
	told := 0
	results := attack.Run(ctx, &attack.Target{}, []attack.Attack{
		try("first", func() {}), try("second", cancel), try("third", func() {}),
	}, func(attack.Result) { told++ })
	require.Len(t, results, 2, "nothing is begun after an interruption")
	assert.Equal(t, []string{"first", "second"}, made)
	assert.Equal(t, 2, told)
}

package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor"
	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/k8s"
	"github.com/coditect-ai/license-platform/k8s/ingress"
)

func TestSettingsWithoutEffectAreToldByTheirWholeKey(t *testing.T) {
	t.Parallel()
	s := Settings{
		Armor:      armor.Settings{ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-tor-exit-nodes"}}},
		Kubernetes: k8s.Settings{Ingress: ingress.Settings{Staff: ingress.Staff{Subdomain: "staff"}}},
	}
	var keys []string
	for _, problem := range s.noEffect() {
		keys = append(keys, problem.Key)
	}
	assert.Equal(t, []string{"armor.threatIntelligence", "kubernetes.ingress.staff"}, keys)
}

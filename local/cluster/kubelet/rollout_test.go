package kubelet

import (
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// podsReady makes pods of which "r" is ready and "-" is not.
func podsReady(pattern string) []*pod {
	var all []*pod
	for _, letter := range pattern {
		all = append(all, &pod{ready: letter == 'r'})
	}
	return all
}

func TestOldPodsEndOnlyWhileEnoughOthersAreReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		current, old     string
		atLeast          int
		unhealthy, ready int // how many old pods end
	}{
		"a new pod that is not ready replaces nobody":       {"-", "rr", 2, 0, 0},
		"a ready new pod replaces one old pod":              {"r", "rr", 2, 0, 1},
		"all are replaced at the end":                       {"rr", "rr", 2, 0, 2},
		"an unhealthy old pod ends first":                   {"r", "r-", 2, 1, 0},
		"an unhealthy old pod stays while nothing is ready": {"-", "-", 1, 0, 0},
		"maxUnavailable lets one go at once":                {"", "rr", 1, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ending := (&deployment{}).retire(podsReady(c.current), podsReady(c.old), c.atLeast)
			assert.Equal(t, c.ready, countReady(ending))
			assert.Len(t, ending, c.ready+c.unhealthy)
		})
	}
}

func TestTheLimitsOfARolloutAreRoundedAsKubernetesDoes(t *testing.T) {
	t.Parallel()
	number, percent := intstr.FromInt32, intstr.FromString
	for name, c := range map[string]struct {
		surge, unavailable *intstr.IntOrString
		replicas           int
		wantSurge, wantOut int
	}{
		"a quarter by default, up and down": {nil, nil, 3, 1, 0},
		"numbers stand as they are":         {new(number(2)), new(number(0)), 3, 2, 0},
		"percentages are of the replicas":   {new(percent("50%")), new(percent("50%")), 5, 3, 2},
		"never nothing at all":              {new(number(0)), new(percent("10%")), 3, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &deployment{replicas: c.replicas, spec: appsv1.DeploymentSpec{Strategy: appsv1.DeploymentStrategy{
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: c.surge, MaxUnavailable: c.unavailable},
			}}}
			surge, unavailable := d.limits()
			assert.Equal(t, []int{c.wantSurge, c.wantOut}, []int{surge, unavailable})
		})
	}
}

func TestTooManyPodsLoseThoseThatAreNotReady(t *testing.T) {
	t.Parallel()
	ending := surplus(podsReady("r-r-"), 2)
	assert.Len(t, ending, 2)
	assert.Zero(t, countReady(ending))
	assert.Empty(t, surplus(podsReady("r"), 2))
}

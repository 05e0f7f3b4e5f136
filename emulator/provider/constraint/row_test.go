package constraint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moment is when something is refused.
type moment string

const (
	atCheck  moment = "before anything is touched"
	onCreate moment = "on creation"
	onUpdate moment = "on update"
	onDelete moment = "on deletion"
)

// row is one thing that is refused. The test sends what is wrong and expects the
// message, then what is right and expects that it is taken.
type row struct {
	// what is refused, as the document says it.
	what string
	// typ is the resource's type, right its inputs as they are taken.
	typ   string
	right map[string]any
	// change makes the right inputs wrong; nil leaves them.
	change changes
	// given exists from the beginning; lacking only after the refusal, for what is
	// refused because something is not there.
	given, lacking []made
	// gone existed and was deleted.
	gone []made
	// user exists until after the refusal, for what is refused because it is used.
	user []made
	when moment // atCheck when empty
	// says is a part of the message.
	says string
	// source is where the rule is documented.
	source string
}

// made is a resource that exists.
type made struct {
	typ, name string
	inputs    map[string]any
}

// changes are new values by path; nil takes a value away.
type changes map[string]any

// with returns a copy of the inputs in which the values at the paths are others.
func with(inputs map[string]any, values changes) map[string]any {
	changed := inputs
	for _, path := range slices.Sorted(maps.Keys(values)) {
		changed = put(changed, strings.Split(path, "."), values[path])
	}
	return changed
}

func put(object map[string]any, path []string, value any) map[string]any {
	changed := maps.Clone(object)
	if changed == nil {
		changed = map[string]any{}
	}
	switch {
	case len(path) > 1:
		below, _ := object[path[0]].(map[string]any)
		changed[path[0]] = put(below, path[1:], value)
	case value == nil:
		delete(changed, path[0])
	default:
		changed[path[0]] = value
	}
	return changed
}

// table is every row, by the room of the document that it stands in.
func table() map[string][]row {
	return map[string][]row{
		"Cloud Armor":                          slices.Concat(armorRows(), armorRateRows(), armorPolicyRows()),
		"Cloud KMS":                            keyRows(),
		"Cloud SQL":                            slices.Concat(sqlRows(), sqlAccessRows()),
		"Memorystore":                          redisRows(),
		"Secret Manager and Artifact Registry": storeRows(),
		"Network, DNS and TLS":                 networkRows(),
		"Identity and rights":                  identityRows(),
		"Logging and monitoring":               slices.Concat(observeRows(), alertRows(), objectiveRows()),
		"GKE":                                  clusterRows(),
		"The provider's schema":                schemaRows(),
		"Kubernetes objects":                   slices.Concat(workloadRows(), objectRows()),
		"Ingress and its custom resources":     slices.Concat(ingressRows(), balancerRows()),
	}
}

func TestWhatTheAPIsRefuseIsRefused(t *testing.T) {
	t.Parallel()
	for room, rows := range table() {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			for _, r := range rows {
				t.Run(r.what, func(t *testing.T) {
					t.Parallel()
					r.test(t)
				})
			}
		})
	}
}

func (r row) test(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, r.says)
	require.True(t, strings.HasPrefix(r.source, "https://"), "a rule without a source: %s", r.what)
	w := newFixture(t)
	w.make(r.given...)
	w.make(r.gone...)
	for _, m := range r.gone {
		require.NoError(t, w.delete(m))
	}
	right := made{r.typ, "it", r.right}
	wrong := made{r.typ, "it", with(r.right, r.change)}
	switch r.when {
	case onCreate:
		require.Empty(t, w.check(wrong, nil))
		require.ErrorContains(t, w.create(wrong), r.says)
		w.make(r.lacking...)
		require.NoError(t, w.create(right))
	case onUpdate:
		w.make(right)
		require.ErrorContains(t, w.update(wrong), r.says)
		require.NoError(t, w.update(right))
	case onDelete:
		w.make(wrong)
		w.make(r.user...)
		require.ErrorContains(t, w.delete(wrong), r.says)
		if len(r.user) == 0 { // what protects itself may do so for ever
			w = newFixture(t)
			w.make(append(r.given, right)...)
		}
		for _, user := range r.user {
			require.NoError(t, w.delete(user))
		}
		require.NoError(t, w.delete(right))
	default:
		assert.Contains(t, strings.Join(w.check(wrong, nil), "\n"), r.says)
		assert.Empty(t, w.check(right, nil), "what is right is taken")
	}
}

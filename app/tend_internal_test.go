package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAVisitEndsWhatIsOverUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	k := newKept()
	k.looked["ide"] = []Looked{{Endings: expired("a")}, {Endings: expired("b")}, {}}
	require.NoError(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide"), ref("cad")})))
	assert.Equal(t, []string{"Look 2", "EndAll 1 1", "SettledAll 1", "Standing 0", "Look 1", "EndAll 1 1", "SettledAll 1", "Standing 0", "Look 1", "Standing 0"}, k.called())
	assert.Equal(t, 2, k.counts["expired"])

	k.looked["ide"] = []Looked{{Endings: expired("a")}, {Endings: expired("a")}}
	k.fails["EndAll"], k.fails["End"] = []error{errBroken}, []error{errBroken}
	require.ErrorIs(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide"), ref("cad")})), errBroken)
	assert.Equal(t, []string{"Look 2", "EndAll 1 1", "End expired 1", "Standing 0"}, k.called(), "one that failed has its turn later")
	k.fails["Look"] = []error{errBroken}
	require.ErrorIs(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide")})), errBroken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k.called()
	require.NoError(t, k.service.tend(ctx, visitsOf([]LicenseRef{ref("ide")})))
	assert.Empty(t, k.called(), "the instance ends")
}

func TestWhatOneLicenceIsRefusedKeepsTheOthersFromNothing(t *testing.T) {
	t.Parallel()
	k := newKept()
	all := []Settlement{{ref("ide"), expired("a")}, {ref("cad"), expired("b")}}
	k.fails["EndAll"], k.fails["End"] = []error{errBroken}, []error{errBroken}
	failed, err := k.service.settleAll(t.Context(), all)
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, map[LicenseRef]bool{ref("ide"): true}, failed)
	assert.Equal(t, 1, k.counts["expired"])
	k.fails["SettledAll"] = []error{errBroken}
	failed, err = k.service.settleAll(t.Context(), all)
	require.ErrorIs(t, err, errBroken)
	assert.Empty(t, failed, "the ledger has them")
}

func TestOneCallOfTheLedgerIsForABoundedNumberOfEndings(t *testing.T) {
	t.Parallel()
	many := func(n int) []Ending { return make([]Ending, n) }
	for name, c := range map[string]struct {
		sizes []int
		calls []int
	}{
		"as many licences as fit":      {sizes: make([]int, together), calls: []int{together}},
		"one licence more":             {sizes: make([]int, together+1), calls: []int{together, 1}},
		"as many endings as fit":       {sizes: []int{endingsTogether - 1, 1}, calls: []int{2}},
		"one ending more":              {sizes: []int{endingsTogether, 1}, calls: []int{1, 1}},
		"a licence with more than fit": {sizes: []int{endingsTogether + 1, 1}, calls: []int{1, 1}},
		"a licence with more at last":  {sizes: []int{1, endingsTogether + 1}, calls: []int{1, 1}},
	} {
		k := newKept()
		var all []Settlement
		for i, n := range c.sizes {
			all = append(all, Settlement{ref(fmt.Sprint("l", i)), many(n)})
		}
		_, err := k.service.settleAll(t.Context(), all)
		require.NoError(t, err, name)
		var calls []int
		for _, names := range k.settled {
			calls = append(calls, len(names))
		}
		assert.Equal(t, c.calls, calls, name)
	}
}

func TestAnOpenLeaseWithoutASeatIsEndedAfterHalfAMinute(t *testing.T) {
	t.Parallel()
	for age, ended := range map[time.Duration]bool{unclaimed: false, unclaimed + 1: true} {
		k := newKept()
		k.looked["ide"] = []Looked{{Absent: []string{"a"}, Now: k.now, Revision: 7}}
		k.open = [][]OpenLease{{{LicenseRef: ref("ide"), ID: "a", SeatedAt: k.now.Add(-age), Revision: 7}}}
		next, cold, err := k.service.sweep(t.Context(), OpenLease{}, alive)
		require.NoError(t, err)
		assert.Nil(t, next)
		assert.False(t, cold)
		assert.Equal(t, ended, slices.Contains(k.called(), "EndAll 1 1"), age)
	}
}

func TestALicenceWithOtherTermsThanTheLedgersIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	for revision, outdated := range map[int64]int{7: 0, 6: 1, 8: 1} {
		k := newKept()
		k.open = [][]OpenLease{{{LicenseRef: ref("ide"), ID: "a", SeatedAt: k.now, Revision: revision}}}
		_, _, err := k.service.sweep(t.Context(), OpenLease{}, alive)
		require.NoError(t, err)
		assert.True(t, slices.Contains(k.called(), fmt.Sprint("Standing ", outdated)), revision)
	}
	k := newKept()
	k.looked["ide"] = []Looked{{Revision: 9}}
	require.NoError(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide")})))
	assert.True(t, slices.Contains(k.called(), "Standing 0"), "nobody has asked the ledger for its revision")
}

func TestAColdLicenceIsLoadedAndLookedAtAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept()
		k.looked["ide"], k.looked["cad"] = []Looked{{Cold: true}, {}}, []Looked{{Endings: expired("a")}}
		require.NoError(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide"), ref("cad")})))
		assert.Len(t, k.looks, 2)
		assert.True(t, slices.Contains(k.called(), "EndAll 1 1"), "the next one is looked at all the same")
		assert.Equal(t, 1, k.counts["rebuilt"])

		k.looked["ide"], k.looks = []Looked{{Cold: true}, {}}, nil
		k.fails["Begin"] = []error{ErrCold}
		require.NoError(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide")})), "one that is lost again has its turn later")
		assert.Len(t, k.looks, 1)

		k.looked["ide"] = []Looked{{Cold: true}}
		k.fails["License"] = []error{NewError(CodeLicenseNotFound, "")}
		require.NoError(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide")})))
		assert.True(t, slices.Contains(k.called(), "Drop"), "the ledger was restored, and has no such licence")
		k.looked["ide"], k.fails["Begin"] = []Looked{{Cold: true}}, []error{errBroken}
		require.ErrorIs(t, k.service.tend(t.Context(), visitsOf([]LicenseRef{ref("ide")})), errBroken)
	})
}

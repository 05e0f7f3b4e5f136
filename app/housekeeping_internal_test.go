package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASweepGoesThroughTheOpenLeasesInPages(t *testing.T) {
	t.Parallel()
	k := newKept()
	h := &housekeeper{Service: k.service, interval: 30 * time.Second}
	var many []OpenLease
	for i := range taken + 1 {
		many = append(many, OpenLease{LicenseRef: ref(fmt.Sprintf("l%02d", i)), ID: "a", Revision: 7})
	}
	last := OpenLease{LicenseRef: ref("z"), ID: "b", Revision: 7}
	k.open = [][]OpenLease{many, {last}}
	next, again, err := h.sweepOn(t.Context(), "", alive)
	require.NoError(t, err)
	assert.Equal(t, "acme/l64/a", next)
	assert.Equal(t, 2*time.Second, again)
	assert.Len(t, k.looks, 2, "so many licences at once")
	assert.Len(t, k.looks[0], taken)
	next, again, err = h.sweepOn(t.Context(), next, alive)
	require.NoError(t, err)
	assert.Empty(t, next, "it begins again")
	assert.Equal(t, 30*time.Second, again)
	assert.True(t, slices.Contains(k.called(), "OpenLeases acme l64 a"))

	k.open = [][]OpenLease{{last}}
	_, _, err = h.sweepOn(t.Context(), "", func() error { return errBroken })
	require.ErrorIs(t, err, errBroken, "another instance has it")
	k.fails["OpenLeases"] = []error{errBroken}
	_, _, err = h.sweepOn(t.Context(), "", alive)
	require.ErrorIs(t, err, errBroken)

	// A licence with many leases is asked about in parts.
	many = nil
	for i := range lookPage + 1 {
		many = append(many, OpenLease{LicenseRef: ref("ide"), ID: fmt.Sprint(i)})
	}
	visits := sortOpen(append(many, OpenLease{LicenseRef: ref("other"), ID: "x"}))
	require.Len(t, visits, 3)
	assert.Len(t, visits[0].Leases, lookPage)
	assert.Len(t, visits[1].Leases, 1)
	assert.Equal(t, ref("other"), visits[2].Ref)
}

func TestAfterALossTheSweepGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept()
		h := &housekeeper{Service: k.service, interval: 30 * time.Second}
		k.looked["ide"] = []Looked{{Cold: true}}
		k.open = [][]OpenLease{{{LicenseRef: ref("ide"), ID: "a", Revision: 7}}, {{LicenseRef: ref("z"), ID: "b"}}}
		next, again, err := h.sweepOn(t.Context(), "", alive)
		require.NoError(t, err)
		assert.Equal(t, "acme/ide/a", next)
		assert.Zero(t, again)
	})
}

func TestChangesOfTheLedgerAreFollowedFromTheLastMarkOn(t *testing.T) {
	t.Parallel()
	full := make([]LicenseRef, page)
	for i := range full {
		full[i] = ref(fmt.Sprintf("l%03d", i))
	}
	k := newKept()
	k.mark = 9
	k.changed = [][]LicenseRef{full, {ref("ide"), {Tenant: "acme"}}}
	k.all = [][]License{make([]License, page), {{ID: "last"}}}
	k.all[0][page-1].ID = "l499"
	next, err := k.service.catchUp(t.Context(), "5", alive)
	require.NoError(t, err)
	assert.Equal(t, "9", next)
	calls := k.called()
	for _, call := range []string{"Changed 5", "Standing 500", "Changed 5 l499", "All acme", "All acme l499", "Standing 1"} {
		assert.True(t, slices.Contains(calls, call), call)
	}
	configured := 0
	for _, call := range calls {
		if call == "Configure 0" {
			configured++
		}
	}
	assert.Equal(t, page+page+1+1, configured)

	for since, from := range map[string]string{"": "0", "rubbish": "0", "9": "9", "10": "0"} {
		next, err = k.service.catchUp(t.Context(), since, alive)
		require.NoError(t, err)
		assert.Equal(t, "9", next)
		assert.True(t, slices.Contains(k.called(), "Changed "+from), since)
	}
	for _, step := range []string{"Mark", "Changed", "Standing", "Configure", "All"} {
		k.changed, k.all = [][]LicenseRef{{ref("ide"), {Tenant: "acme"}}}, [][]License{{{ID: "x"}}}
		k.fails[step] = []error{errBroken}
		next, err = k.service.catchUp(t.Context(), "5", alive)
		require.ErrorIs(t, err, errBroken, step)
		assert.Equal(t, "5", next, "the next turn begins where this one did")
	}
	k.changed = [][]LicenseRef{{ref("ide")}}
	_, err = k.service.catchUp(t.Context(), "5", func() error { return errBroken })
	assert.ErrorIs(t, err, errBroken)
}

func TestWhatIsOldIsForgottenTenantByTenant(t *testing.T) {
	t.Parallel()
	k := newKept()
	k.aged = [][]string{{"acme", "other"}, {"third"}}
	k.fails["Pseudonymise"] = []error{nil, errBroken}
	changed, err := k.service.Forget(t.Context(), 24*time.Hour)
	require.ErrorIs(t, err, errBroken)
	assert.EqualValues(t, 0+1+1, changed)
	assert.Equal(t, []string{
		"Aged", "Pseudonymise acme 2026-11-22", "Pseudonymise other 2026-11-22", "Record privacy.pseudonymise 1 rows of before 2026-11-22T18:00:00Z",
		"Aged other", "Pseudonymise third 2026-11-22", "Pseudonymise third 2026-11-22", "Record privacy.pseudonymise 1 rows of before 2026-11-22T18:00:00Z",
	}, k.called(), "a tenant of which nothing was old has no line")

	h := &housekeeper{Service: k.service, interval: 30 * time.Second}
	k.aged = [][]string{{"acme"}, {"third"}}
	next, again, err := h.forgetOn(t.Context(), "", alive)
	require.NoError(t, err)
	assert.Equal(t, "acme", next)
	assert.Equal(t, 2*time.Second, again)
	next, again, err = h.forgetOn(t.Context(), next, alive)
	require.NoError(t, err)
	assert.Empty(t, next)
	assert.Equal(t, time.Hour, again)
	k.fails["Aged"] = []error{errBroken}
	_, err = k.service.Forget(t.Context(), time.Hour)
	assert.ErrorIs(t, err, errBroken)
}

func TestALicenceOrATenantThatFailsEachTimeKeepsNobodyBehindItFromItsTurn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		job    Job
		breaks map[string][]error
		lost   bool
		done   string
	}{
		"a licence":           {JobSweep, map[string][]error{"Look": {errBroken}}, false, "sweep acme/ide/a 2s"},
		"the ledger":          {JobSweep, map[string][]error{"OpenLeases": {errBroken}}, false, "sweep  5s"},
		"a tenant":            {JobForget, map[string][]error{"Pseudonymise": {errBroken}}, false, "forget tenants 2s"},
		"all of the ledger":   {JobForget, map[string][]error{"Aged": {errBroken}}, false, "forget  5s"},
		"a job that was lost": {JobForget, nil, true, "forget  5s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newKept()
			k.lost = c.lost
			k.open = [][]OpenLease{{{LicenseRef: ref("ide"), ID: "a"}}, {{LicenseRef: ref("z"), ID: "b"}}}
			k.aged = [][]string{{"tenants"}, {"others"}}
			k.service.ledger = &slow{kept: k, step: claimTime / 4}
			for method, errs := range c.breaks {
				k.fails[method] = errs
			}
			h := &housekeeper{Service: k.service, interval: 30 * time.Second, running: map[Job]bool{}}
			h.begin(t.Context(), c.job, "")
			h.group.Wait()
			assert.Equal(t, c.done, <-k.done, name)
		})
	}
}

func TestAnInstanceTakesOnWhatIsDueAndSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept()
		h := &housekeeper{Service: k.service, interval: 30 * time.Second, running: map[Job]bool{}}
		k.mark = 9
		k.work = Work{Jobs: map[Job]string{JobChanges: "5"}, Licenses: make([]LicenseRef, taken)}
		more, err := h.work(t.Context())
		require.NoError(t, err)
		h.group.Wait()
		assert.True(t, more)
		assert.Equal(t, "changes 9 5s", <-k.done)
		k.work = Work{Jobs: map[Job]string{JobSweep: ""}, Licenses: make([]LicenseRef, taken-1)}
		more, err = h.work(t.Context())
		require.NoError(t, err)
		h.group.Wait()
		assert.False(t, more)
		assert.Equal(t, "sweep  30s", <-k.done)
		k.fails["Mark"] = []error{errBroken}
		h.begin(t.Context(), JobChanges, "5")
		h.group.Wait()
		assert.Equal(t, "changes 5 5s", <-k.done, "one that failed begins again where it was")
		h.begin(t.Context(), JobForget, "")
		h.group.Wait()
		assert.Equal(t, "forget  1h0m0s", <-k.done)
		h.begin(t.Context(), "unknown", "x")
		h.group.Wait()
		assert.Equal(t, "unknown x 5s", <-k.done)
		h.running[JobChanges] = true
		h.begin(t.Context(), JobChanges, "5")
		h.group.Wait()
		assert.Empty(t, k.done, "it is under way still")
		k.fails["Claim"] = []error{errBroken}
		_, err = h.work(t.Context())
		assert.ErrorIs(t, err, errBroken)
	})
}

// slow is a ledger that takes its time for a page of changes, and for a step of a tenant.
type slow struct {
	*kept
	takes, step time.Duration
}

func (s *slow) All(ctx context.Context, tenant, after string, limit int) ([]License, error) {
	time.Sleep(s.step)
	return s.kept.All(ctx, tenant, after, limit)
}

func (s *slow) Pseudonymise(ctx context.Context, tenant string, before time.Time) (int64, error) {
	time.Sleep(s.step)
	return s.kept.Pseudonymise(ctx, tenant, before)
}

func (s *slow) Changed(ctx context.Context, since int64, after LicenseRef, limit int) ([]LicenseRef, error) {
	time.Sleep(s.takes)
	return s.kept.Changed(ctx, since, after, limit)
}

func TestAJobThatAnotherInstanceHasTakenOverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			takes       time.Duration
			lost, holds bool
			err         error
		}{
			"a quick one":                {claimTime/4 - 1, true, false, nil},
			"a slow one":                 {claimTime / 4, false, true, nil},
			"one that was taken over":    {claimTime / 4, true, true, nil},
			"one without the live seats": {claimTime / 4, false, true, errBroken},
		} {
			k := newKept()
			k.lost, k.mark = c.lost, 9
			if c.err != nil {
				k.fails["Hold"] = []error{c.err}
			}
			k.changed = [][]LicenseRef{{ref("ide")}}
			k.service.ledger = &slow{kept: k, takes: c.takes}
			h := &housekeeper{Service: k.service, interval: 30 * time.Second, running: map[Job]bool{}}
			next, _, err := h.do(t.Context(), JobChanges, "5")
			assert.Equal(t, c.holds && (c.lost || c.err != nil), err != nil, "%s: %v", name, err)
			assert.Equal(t, map[bool]string{true: "5", false: "9"}[err != nil], next, name)
			assert.Equal(t, c.holds, slices.Contains(k.called(), "Hold"), name)
		}
	})
}

// What is done for one tenant may take longer than a job is held for: every licence of a tenant that
// was suspended, or years of a tenant's events.
func TestALongJobIsHeldWhileItGoesOnAndEndsWhenItIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			job   Job
			do    string
			whole int
		}{
			"a tenant with many licences": {JobChanges, "All", 4},
			"a tenant with many rows":     {JobForget, "Pseudonymise", 4},
		} {
			for _, lost := range []bool{false, true} {
				k := newKept()
				k.lost, k.mark = lost, 9
				k.changed, k.aged = [][]LicenseRef{{{Tenant: "tenants"}}}, [][]string{{"tenants", "another"}}
				for range 3 {
					k.all = append(k.all, make([]License, page))
				}
				k.service.ledger = &slow{kept: k, step: claimTime / 4}
				h := &housekeeper{Service: k.service, interval: 30 * time.Second, running: map[Job]bool{}}
				_, _, err := h.do(t.Context(), c.job, "")
				steps, held := 0, 0
				for _, call := range k.called() {
					if strings.HasPrefix(call, c.do+" tenants") {
						steps++
					}
					if call == "Hold" {
						held++
					}
					assert.False(t, lost && strings.Contains(call, "another"), "%s: it is another instance's", name)
				}
				if lost {
					require.Error(t, err, name)
					assert.Equal(t, []int{1, 1}, []int{steps, held}, name)
					continue
				}
				require.NoError(t, err, name)
				assert.Equal(t, c.whole, steps, name)
				assert.GreaterOrEqual(t, held, c.whole-1, name)
			}
		}
	})
}

func TestHousekeepingTurnsAtItsPaceUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept()
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			k.service.Run(ctx, 30*time.Second, time.Hour)
		}()
		time.Sleep(5 * time.Minute)
		stop()
		<-over
		turns, measures := 0, 0
		for _, call := range k.called() {
			switch call {
			case "Claim":
				turns++
			case "Fullness":
				measures++
			}
		}
		assert.InDelta(t, 100, turns, 1, "one every tenth of the interval")
		assert.InDelta(t, 19, measures, 1, "one every half of it, after the first one")
		assert.Equal(t, measures, k.counts["full"])
	})
}

func TestAllHousekeepingAtOnceGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	k := newKept()
	k.fails["Mark"], k.fails["OpenLeases"] = []error{errBroken}, []error{nil, errBroken}
	k.open = [][]OpenLease{{{LicenseRef: ref("ide"), ID: "a"}}, {{LicenseRef: ref("z"), ID: "b"}}}
	require.ErrorIs(t, k.service.Reap(t.Context()), errBroken)
	assert.Equal(t, []string{"Mark", "OpenLeases", "Look 1", "Standing 0", "OpenLeases acme ide a", "Fullness"}, k.called())
	k.fails["Fullness"] = []error{errBroken}
	require.ErrorIs(t, k.service.Reap(t.Context()), errBroken)
	assert.Equal(t, 1, k.counts["full"])
}

func TestNumbersOfALaterRevisionStayUnlessTheLedgerWasRestored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live, ledger int64
		calls        []string
	}{
		"the same":              {7, 7, []string{"Configure 0"}},
		"a later one":           {8, 8, []string{"Configure 0", "License"}},
		"a ledger of yesterday": {8, 7, []string{"Configure 0", "License", "Configure 8"}},
	} {
		k := newKept()
		k.license.Revision = c.ledger
		k.service.seats = &configured{k, c.live}
		require.NoError(t, k.service.configure(t.Context(), License{Tenant: "acme", ID: "ide", Revision: 7}), name)
		assert.Equal(t, c.calls, k.called(), name)
	}
	k := newKept()
	k.fails["Configure"] = []error{ErrCold, errBroken}
	require.NoError(t, k.service.configure(t.Context(), License{}), "its next use loads it")
	require.ErrorIs(t, k.service.configure(t.Context(), License{}), errBroken)
	k.service.seats, k.fails["License"] = &configured{k, 8}, []error{errBroken}
	assert.ErrorIs(t, k.service.configure(t.Context(), License{}), errBroken)
}

// configured has live numbers of a revision.
type configured struct {
	*kept
	live int64
}

func (c *configured) Configure(_ context.Context, _ License, overruled int64) (int64, error) {
	return c.live, c.did("Configure", overruled)
}

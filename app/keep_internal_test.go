package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAHeartbeatAsksTheLiveSeatsOnlyUnlessTheLeaseHasNone(t *testing.T) {
	t.Parallel()
	id := NewLeaseID("ide")
	over := func(reason Reason) Lease {
		return Lease{Tenant: "acme", License: "ide", ID: id, User: "ada", Reason: reason, EndedAt: time.Unix(1, 0)}
	}
	for name, c := range map[string]struct {
		prepare func(*stores)
		code    Code
		calls   []string
		counts  tally
	}{
		"a live lease":                 {func(*stores) {}, "", []string{"Extend"}, tally{}},
		"one that expired a while ago": {func(s *stores) { s.extended.Revived = true }, "", []string{"Extend", "Record lease.revive extended"}, tally{"revived": 1}},
		"one of no licence":            {func(s *stores) { s.fails["Extend"] = []error{NewError(CodeLicenseNotFound, "")} }, CodeLeaseNotFound, []string{"Extend"}, tally{}},
		"another user's":               {func(s *stores) { s.fails["Extend"] = []error{notHolder()} }, CodeNotHolder, []string{"Extend"}, tally{}},
		"one without a seat": {
			func(s *stores) { s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonExpired) },
			"",
			[]string{"Extend", "Lease", "License", "Reserve", "Grant lease.revive 7 0", "Confirm"},
			tally{"revived": 1},
		},
		"one that was left open without a seat": {
			func(s *stores) {
				s.fails["Extend"], s.lease = []error{ErrAbsent}, over("")
				s.lease.EndedAt = time.Time{}
			},
			"",
			[]string{"Extend", "Lease", "License", "Reserve", "Grant lease.revive 7 0", "Confirm"},
			tally{"revived": 1},
		},
		"one that is not in the ledger": {func(s *stores) { s.fails["Extend"], s.fails["Lease"] = []error{ErrAbsent}, []error{leaseNotFound()} }, CodeLeaseNotFound, []string{"Extend", "Lease"}, tally{}},
		"one without a seat, another user's": {func(s *stores) {
			s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonExpired)
			s.lease.User = "bob"
		}, CodeNotHolder, []string{"Extend", "Lease"}, tally{}},
		"one that was released":    {func(s *stores) { s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonReleased) }, CodeLeaseEnded, []string{"Extend", "Lease"}, tally{}},
		"one whose seat was taken": {func(s *stores) { s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonTaken) }, CodeLeaseTaken, []string{"Extend", "Lease"}, tally{}},
		"one that finds no seat free": {func(s *stores) {
			s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonExpired)
			s.fails["Reserve"] = []error{NewError(CodeSeatsReserved, "")}
		}, CodeLeaseExpired, []string{"Extend", "Lease", "License", "Reserve", "Lease"}, tally{}},
		"one whose seat was taken after the ledger was asked": {func(s *stores) {
			s.fails["Extend"], s.lease = []error{ErrAbsent}, over("")
			s.lease.EndedAt = time.Time{}
			taken := over(ReasonTaken)
			s.later, s.fails["Reserve"] = &taken, []error{NewError(CodeNoSeats, "")}
		}, CodeLeaseTaken, []string{"Extend", "Lease", "License", "Reserve", "Lease"}, tally{}},
		"one that was released after the ledger was asked": {func(s *stores) {
			s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonExpired)
			released := over(ReasonReleased)
			s.later, s.fails["Reserve"] = &released, []error{NewError(CodeNoSeats, "")}
		}, CodeLeaseEnded, []string{"Extend", "Lease", "License", "Reserve", "Lease"}, tally{}},
		"one that was taken away while it is revived": {func(s *stores) {
			s.fails["Extend"], s.lease = []error{ErrAbsent}, over(ReasonExpired)
			s.fails["Grant"] = []error{NewError(CodeLeaseEnded, "")}
		}, CodeLeaseEnded, []string{"Extend", "Lease", "License", "Reserve", "Grant lease.revive 7 0", "Cancel expired", "Settled 1"}, tally{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStores()
			c.prepare(s)
			extended, err := s.service.Heartbeat(t.Context(), ada(), id)
			assert.Equal(t, c.code, CodeOf(err))
			assert.Equal(t, c.calls, s.called())
			assert.Equal(t, c.counts, s.counts)
			if len(c.calls) > 2 && c.code == "" {
				assert.True(t, extended.Revived)
				assert.Equal(t, s.license.HeartbeatInterval, extended.Interval)
			}
		})
	}
	_, err := newStores().service.Heartbeat(t.Context(), ada(), "x")
	assert.Equal(t, CodeLeaseNotFound, CodeOf(err))
}

func TestARevivalThatLosesItsSeatWhileItIsWrittenEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStores()
		s.lease, s.held = Lease{User: "ada", Tenant: "acme", License: "ide"}, []bool{false}
		s.fails["Extend"], s.fails["Reserve"] = []error{ErrAbsent}, []error{nil, errBroken}
		_, err := s.service.Heartbeat(t.Context(), ada(), NewLeaseID("ide"))
		require.ErrorIs(t, err, errBroken)
		assert.Empty(t, s.ended, "it stays what it was, and its next heartbeat tries again")
	})
}

func TestAReleaseFreesTheSeatFirstAndTellsTheLedger(t *testing.T) {
	t.Parallel()
	id := NewLeaseID("ide")
	gone := func(change func(*stores)) func(*stores) {
		return func(s *stores) {
			s.lease = Lease{Tenant: "acme", License: "ide", ID: id, User: "ada", Reason: ReasonExpired, EndedAt: time.Unix(1, 0)}
			s.fails["Free"] = []error{ErrAbsent, ErrAbsent}
			change(s)
		}
	}
	nothing := func(*stores) {}
	for name, c := range map[string]struct {
		prepare func(*stores)
		code    Code
		calls   []string
		counts  tally
	}{
		"a held one":                        {func(s *stores) { s.fails["Free"] = []error{nil, ErrAbsent} }, "", []string{"Free ada 0", "End released 1", "Free 1"}, tally{"released": 1}},
		"one that a rebuild brought back":   {nothing, "", []string{"Free ada 0", "End released 1", "Free 1", "End released 1", "Settled 1"}, tally{"released": 1}},
		"one while the ledger is away":      {func(s *stores) { s.fails["End"], s.fails["Free"] = []error{errBroken}, []error{nil, ErrAbsent} }, "", []string{"Free ada 0", "End released 1", "Free 0"}, tally{"released": 1}},
		"another user's":                    {func(s *stores) { s.fails["Free"] = []error{notHolder()} }, CodeNotHolder, []string{"Free ada 0"}, tally{}},
		"one of no licence":                 {func(s *stores) { s.fails["Free"] = []error{NewError(CodeLicenseNotFound, "")} }, CodeLeaseNotFound, []string{"Free ada 0"}, tally{}},
		"one that has expired":              {gone(nothing), "", []string{"Free ada 0", "Reclaim", "Lease", "Clock", "End released 1", "Free ada 0"}, tally{}},
		"one without a seat that is open":   {gone(func(s *stores) { s.lease.EndedAt, s.lease.Reason = time.Time{}, "" }), "", []string{"Free ada 0", "Reclaim", "Lease", "Clock", "End released 1", "Free ada 0"}, tally{}},
		"one that is over for good":         {gone(func(s *stores) { s.lease.Reason = ReasonForced }), "", []string{"Free ada 0", "Reclaim", "Lease"}, tally{}},
		"an expired one of another user":    {gone(func(s *stores) { s.lease.User = "bob" }), CodeNotHolder, []string{"Free ada 0", "Reclaim", "Lease"}, tally{}},
		"one that a heartbeat just revived": {gone(func(s *stores) { s.fails["Free"] = []error{ErrAbsent, nil, ErrAbsent} }), "", []string{"Free ada 0", "Reclaim", "Lease", "Clock", "End released 1", "Free ada 0", "End released 1", "Free 1"}, tally{"released": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStores()
			c.prepare(s)
			assert.Equal(t, c.code, CodeOf(s.service.Release(t.Context(), ada(), id)))
			assert.Equal(t, c.calls, s.called())
			assert.Equal(t, c.counts, s.counts)
		})
	}
	for _, step := range []string{"Reclaim", "Lease", "Clock", "End", "Free"} {
		s := newStores()
		gone(nothing)(s)
		s.fails[step] = []error{errBroken}
		if step == "Free" {
			s.fails[step] = []error{ErrAbsent, errBroken}
		}
		assert.ErrorIs(t, s.service.Release(t.Context(), ada(), id), errBroken, step)
	}
}

func TestAnAdministratorTakesAwayWhateverLeaseItIs(t *testing.T) {
	t.Parallel()
	s, id := newStores(), NewLeaseID("ide")
	assert.Equal(t, CodeForbidden, CodeOf(s.service.ForceRelease(t.Context(), ada(), id)))
	require.Empty(t, s.called())
	root := Principal{Tenant: "acme", User: "root", Admin: true}
	s.fails["Free"], s.lease = []error{ErrAbsent, ErrAbsent}, Lease{User: "ada", Tenant: "acme"}
	require.NoError(t, s.service.ForceRelease(t.Context(), root, id))
	assert.Equal(t, []string{"Free 0", "Reclaim", "Lease", "Clock", "End forced 1", "Free 0"}, s.called())
	assert.Equal(t, "root", s.ended[0].By.User)
	assert.Equal(t, CodeLeaseNotFound, CodeOf(s.service.ForceRelease(t.Context(), root, "x")))
}

func TestAColdLicenceIsLoadedFromTheLedger(t *testing.T) {
	t.Parallel()
	id, load := NewLeaseID("ide"), []string{"Begin", "License", "Seat", "Leases", "Stage", "Load", "License", "Configure 0"}
	around := func(calls ...string) []string { return append(append([]string{"Extend"}, calls...), "Extend") }
	s := newStores()
	s.fails["Extend"] = []error{ErrCold}
	_, err := s.service.Heartbeat(t.Context(), ada(), id)
	require.NoError(t, err)
	assert.Equal(t, around(load...), s.called())
	assert.Equal(t, tally{"rebuilt": 1}, s.counts)
	assert.EqualValues(t, 1, s.service.rebuilds.Load())

	s.fails["Extend"], s.fails["Begin"] = []error{ErrCold}, []error{ErrWarm}
	_, err = s.service.Heartbeat(t.Context(), ada(), id)
	require.NoError(t, err)
	assert.Equal(t, around("Begin"), s.called(), "somebody else has loaded it")
	assert.Equal(t, tally{"rebuilt": 1}, s.counts)

	s.fails["Extend"] = repeated(ErrCold, attempts)
	_, err = s.service.Heartbeat(t.Context(), ada(), id)
	assert.Equal(t, CodeUnavailable, CodeOf(err), "it is lost again and again")
	s.called()
	s.fails["Extend"], s.fails["Stage"] = []error{ErrCold}, []error{ErrCold}
	_, err = s.service.Heartbeat(t.Context(), ada(), id)
	require.NoError(t, err, "one that another loss overtakes is begun again")
	assert.Equal(t, []string{"Extend", "Begin", "License", "Seat", "Leases", "Stage", "Abandon", "Extend"}, s.called())

	for _, step := range []string{"Begin", "License", "Seat", "Leases", "Stage", "Load"} {
		s.fails["Extend"], s.fails[step] = []error{ErrCold}, []error{errBroken}
		_, err = s.service.Heartbeat(t.Context(), ada(), id)
		require.ErrorIs(t, err, errBroken, step)
		assert.Equal(t, step != "Begin", slices.Contains(s.called(), "Abandon"), step)
	}
	s.fails["Extend"], s.fails["License"] = []error{ErrCold}, []error{nil, errBroken}
	_, err = s.service.Heartbeat(t.Context(), ada(), id)
	assert.ErrorIs(t, err, errBroken, "a change meanwhile has to be known")
}

func TestARebuildReadsTheLeasesInPages(t *testing.T) {
	t.Parallel()
	s := newStores()
	full := make([]Lease, fillPage)
	full[fillPage-1].ID = "last"
	s.leases = [][]Lease{full, {{ID: "more"}}}
	s.fails["Extend"] = []error{ErrCold}
	_, err := s.service.Heartbeat(t.Context(), ada(), NewLeaseID("ide"))
	require.NoError(t, err)
	assert.Equal(t, []string{"Extend", "Begin", "License", "Seat", "Leases", "Stage", "Leases last", "Stage", "Load", "License", "Configure 0", "Extend"}, s.called())
}

func TestARebuildWaitsForTheOneThatGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStores()
		s.fails["Extend"], s.fails["Begin"] = []error{ErrCold}, []error{ErrBusy, ErrBusy, ErrWarm}
		_, err := s.service.Heartbeat(t.Context(), ada(), NewLeaseID("ide"))
		require.NoError(t, err)
		assert.Equal(t, []string{"Extend", "Begin", "Begin", "Begin", "Extend"}, s.called())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.fails["Extend"], s.fails["Begin"] = []error{ErrCold}, repeated(ErrBusy, 10_000)
		_, err = s.service.Heartbeat(ctx, ada(), NewLeaseID("ide"))
		assert.Equal(t, CodeUnavailable, CodeOf(err), "a client waits for as long as it has time")
		synctest.Wait()
		time.Sleep(2 * time.Minute) // the rebuild gives up after a minute
	})
}

func TestWhenAReportBeginsAndEnds(t *testing.T) {
	t.Parallel()
	s := newStores()
	s.now = time.Date(2026, 11, 23, 18, 30, 0, 0, time.UTC)
	hour := s.now.Truncate(time.Hour)
	for name, c := range map[string]struct {
		asked, want Period
		wrong       string
	}{
		"nothing":                 {Period{}, Period{hour.Add(-24 * time.Hour), s.now}, ""},
		"an end that is to come":  {Period{To: s.now.Add(time.Hour)}, Period{hour.Add(-24 * time.Hour), s.now}, ""},
		"now":                     {Period{From: s.now, To: s.now}, Period{hour, s.now}, ""},
		"an hour's beginning":     {Period{From: hour, To: hour}, Period{}, "no time"},
		"the end first":           {Period{From: s.now, To: hour}, Period{}, "no time"},
		"a year before all":       {Period{From: time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC), To: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)}, Period{}, "no time"},
		"the first hour of 2000":  {Period{From: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)}, Period{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)}, ""},
		"31 days and an hour":     {Period{From: hour.Add(-MaxReport - time.Hour), To: hour}, Period{hour.Add(-MaxReport - time.Hour), hour}, ""},
		"a moment more than that": {Period{From: hour.Add(-MaxReport - time.Hour), To: hour.Add(1)}, Period{}, "too long"},
	} {
		got, err := s.service.period(c.asked)
		if c.wrong != "" {
			assert.ErrorContains(t, err, c.wrong, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
	for range reportsAtOnce {
		leave, err := s.service.reporting()
		require.NoError(t, err)
		defer leave()
	}
	_, err := s.service.reporting()
	assert.Equal(t, CodeTooManyRequests, CodeOf(err))
}

package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestALimitItselfIsAllowedAndWhatLiesBeyondIsNot(t *testing.T) {
	t.Parallel()
	many := func(count int) (groups []app.GroupSeats, features []string, metadata map[string]string) {
		metadata = map[string]string{}
		for i := range count {
			groups = append(groups, app.GroupSeats{Group: fmt.Sprint(i), Seats: 1})
			features = append(features, fmt.Sprint(i))
			metadata[fmt.Sprint(i)] = ""
		}
		return groups, features, metadata
	}
	group := func(length int) []app.GroupSeats {
		return []app.GroupSeats{{Group: strings.Repeat("g", length), Seats: 1}}
	}
	kept := func(seats ...int) (groups []app.GroupSeats) {
		for i, number := range seats {
			groups = append(groups, app.GroupSeats{Group: fmt.Sprint(i), Seats: number})
		}
		return groups
	}
	moment := time.Nanosecond
	for name, row := range map[string]struct{ at, beyond func(*app.License) }{
		"all seats of the largest licence": {
			func(l *app.License) { l.Seats, l.Reservations = app.MaxSeats, kept(app.MaxSeats) },
			func(l *app.License) { l.Seats, l.Reservations = app.MaxSeats-1, kept(app.MaxSeats) },
		},
		"an id of 63 characters":           {func(l *app.License) { l.ID = strings.Repeat("a", 63) }, func(l *app.License) { l.ID = strings.Repeat("a", 64) }},
		"an id's first and last letter":    {func(l *app.License) { l.ID = "az" }, func(l *app.License) { l.ID = "a{" }},
		"an id's first and last digit":     {func(l *app.License) { l.ID = "09" }, func(l *app.License) { l.ID = "0:" }},
		"an id's hyphen":                   {func(l *app.License) { l.ID = "a-" }, func(l *app.License) { l.ID = "-a" }},
		"a product of 256 bytes":           {func(l *app.License) { l.Product = strings.Repeat("p", 256) }, func(l *app.License) { l.Product = strings.Repeat("p", 257) }},
		"one seat":                         {func(l *app.License) { l.Seats = 1 }, func(l *app.License) { l.Seats = 0 }},
		"250000 seats":                     {func(l *app.License) { l.Seats = 250_000 }, func(l *app.License) { l.Seats = 250_001 }},
		"a lease of 10 seconds":            {func(l *app.License) { l.SetLeaseTTL(10 * time.Second) }, func(l *app.License) { l.SetLeaseTTL(10*time.Second - moment) }},
		"a lease of a day":                 {func(l *app.License) { l.SetLeaseTTL(24 * time.Hour) }, func(l *app.License) { l.SetLeaseTTL(24*time.Hour + moment) }},
		"a heartbeat each second":          {func(l *app.License) { l.HeartbeatInterval = time.Second }, func(l *app.License) { l.HeartbeatInterval = time.Second - moment }},
		"a heartbeat before the lease end": {func(l *app.License) { l.HeartbeatInterval = l.LeaseTTL - moment }, func(l *app.License) { l.HeartbeatInterval = l.LeaseTTL }},
		"no borrowing":                     {func(l *app.License) { l.MaxBorrow = 0 }, func(l *app.License) { l.MaxBorrow = -moment }},
		"borrowing for 90 days":            {func(l *app.License) { l.MaxBorrow = 90 * 24 * time.Hour }, func(l *app.License) { l.MaxBorrow = 90*24*time.Hour + moment }},
		"no overage":                       {func(l *app.License) { l.Overage = 1 }, func(l *app.License) { l.Overage = 0.99 }},
		"twice the seats":                  {func(l *app.License) { l.Overage = 2 }, func(l *app.License) { l.Overage = 2.01 }},
		"32 entries of metadata":           {func(l *app.License) { _, _, l.Metadata = many(32) }, func(l *app.License) { _, _, l.Metadata = many(33) }},
		"a key of 256 bytes":               {func(l *app.License) { l.Metadata = map[string]string{strings.Repeat("k", 256): ""} }, func(l *app.License) { l.Metadata = map[string]string{strings.Repeat("k", 257): ""} }},
		"any number of seats a user":       {func(l *app.License) { l.UserSeats = 0 }, func(l *app.License) { l.UserSeats = -1 }},
		"250000 seats a user":              {func(l *app.License) { l.UserSeats = 250_000 }, func(l *app.License) { l.UserSeats = 250_001 }},
		"32 reservations":                  {func(l *app.License) { l.Seats, l.Reservations = 50, nil; l.Reservations, _, _ = many(32) }, func(l *app.License) { l.Seats = 50; l.Reservations, _, _ = many(33) }},
		"a group of 128 bytes":             {func(l *app.License) { l.Reservations = group(128) }, func(l *app.License) { l.Reservations = group(129) }},
		"a group of one byte":              {func(l *app.License) { l.Reservations = group(1) }, func(l *app.License) { l.Reservations = group(0) }},
		"one seat for a group":             {func(l *app.License) { l.Reservations = kept(1) }, func(l *app.License) { l.Reservations = kept(0) }},
		"all seats for groups":             {func(l *app.License) { l.Reservations = kept(2, 3) }, func(l *app.License) { l.Reservations = kept(3, 3) }},
		"250000 seats for a group":         {func(l *app.License) { l.Seats, l.Reservations = 250_000, kept(250_000) }, func(l *app.License) { l.Seats, l.Reservations = 250_000, kept(250_001) }},
		"each group once":                  {func(l *app.License) { l.Reservations = kept(1, 1) }, func(l *app.License) { l.Reservations = append(kept(1), kept(1)...) }},
		"32 features":                      {func(l *app.License) { _, l.Features, _ = many(32) }, func(l *app.License) { _, l.Features, _ = many(33) }},
		"a feature of 64 characters":       {func(l *app.License) { l.Features = []string{strings.Repeat("f", 64)} }, func(l *app.License) { l.Features = []string{strings.Repeat("f", 65)} }},
		"each feature once":                {func(l *app.License) { l.Features = []string{"a", "b"} }, func(l *app.License) { l.Features = []string{"a", "b", "a"} }},
		"no grace":                         {func(l *app.License) { l.Grace = 0 }, func(l *app.License) { l.Grace = -moment }},
		"a grace of 90 days":               {func(l *app.License) { l.Grace = 90 * 24 * time.Hour }, func(l *app.License) { l.Grace = 90*24*time.Hour + moment }},
		"no grace of a lease":              {func(l *app.License) { l.LeaseGrace = 0 }, func(l *app.License) { l.LeaseGrace = -moment }},
		"a lease's grace of a day":         {func(l *app.License) { l.LeaseGrace = 24 * time.Hour }, func(l *app.License) { l.LeaseGrace = 24*time.Hour + moment }},
		"taking at once":                   {func(l *app.License) { l.TakeIdle = 0 }, func(l *app.License) { l.TakeIdle = -moment }},
		"taking after a day":               {func(l *app.License) { l.TakeIdle = 24 * time.Hour }, func(l *app.License) { l.TakeIdle = 24*time.Hour + moment }},
		"one of the two ways when full":    {func(l *app.License) { l.WhenFull = app.WhenFullTake }, func(l *app.License) { l.WhenFull = "queue" }},
		"the year 9999": {
			func(l *app.License) { l.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) },
			func(l *app.License) {
				l.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("west", -3600))
			},
		},
		"the year 1": {
			func(l *app.License) { l.ExpiresAt = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) },
			func(l *app.License) { l.ExpiresAt = time.Date(1, 1, 1, 0, 0, 1, 0, time.FixedZone("east", 3600)) },
		},
	} {
		l := good()
		row.at(&l)
		require.NoError(t, l.Validate(), name)
		l = good()
		row.beyond(&l)
		require.Error(t, l.Validate(), name)
	}
}

func TestALeaseTimeThatIsLeftOutFollowsTheHeartbeatAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ lease, heartbeat, wantLease, wantHeartbeat time.Duration }{
		{0, 0, 5 * time.Minute, 100 * time.Second},
		{0, 10 * time.Second, 5 * time.Minute, 10 * time.Second},
		{0, 10 * time.Minute, 30 * time.Minute, 10 * time.Minute},
		{0, 10 * time.Hour, 24 * time.Hour, 10 * time.Hour},
		{10 * time.Second, 0, 10 * time.Second, 3 * time.Second},
		{2 * time.Second, 0, 2 * time.Second, time.Second},
		{time.Minute, 5 * time.Second, time.Minute, 5 * time.Second},
	} {
		l := app.License{LeaseTTL: row.lease, HeartbeatInterval: row.heartbeat}.Defaulted()
		assert.Equal(t, []time.Duration{row.wantLease, row.wantHeartbeat}, []time.Duration{l.LeaseTTL, l.HeartbeatInterval})
	}
}

func TestAChangedLeaseTimeChangesTheHeartbeatOnlyWhereItHasTo(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ heartbeat, lease, want time.Duration }{
		"the usual one follows":            {100 * time.Second, 10 * time.Minute, 200 * time.Second},
		"one of the user's own stays":      {30 * time.Second, 10 * time.Minute, 30 * time.Second},
		"one as long as the lease follows": {30 * time.Second, 30 * time.Second, 10 * time.Second},
	} {
		l := app.License{LeaseTTL: 5 * time.Minute, HeartbeatInterval: row.heartbeat}
		l.SetLeaseTTL(row.lease)
		assert.Equal(t, []time.Duration{row.lease, row.want}, []time.Duration{l.LeaseTTL, l.HeartbeatInterval}, name)
	}
}

func TestALicenceIsUsableUntilItsGraceIsOver(t *testing.T) {
	t.Parallel()
	l := good()
	assert.True(t, l.Over().IsZero(), "it never is, without an end")
	l.ExpiresAt, l.Grace = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), time.Hour
	require.NoError(t, l.Usable(l.ExpiresAt.Add(time.Hour-1)))
	assert.Equal(t, app.CodeLicenseExpired, app.CodeOf(l.Usable(l.ExpiresAt.Add(time.Hour))))
	l.Status = app.StatusTenantSuspended
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(l.Usable(l.ExpiresAt.Add(time.Hour))), "who is suspended hears of that first")
}

func TestEitherLimitOfAPolicyLimits(t *testing.T) {
	t.Parallel()
	assert.False(t, app.Policy{}.Limited())
	assert.True(t, app.Policy{UserSeats: 1}.Limited())
	assert.True(t, app.Policy{Reservations: []app.GroupSeats{{Group: "a", Seats: 1}}}.Limited())
}

func TestALicenceFileHasLinesOfAtMost64Characters(t *testing.T) {
	t.Parallel()
	for length, want := range map[int][]int{1: {1}, 63: {63}, 64: {64}, 65: {64, 1}, 128: {64, 64}, 130: {64, 64, 2}} {
		lines := strings.Split(strings.TrimSuffix(app.LicenseFile(strings.Repeat("t", length)), "\n"), "\n")
		var lengths []int
		for _, line := range lines[1 : len(lines)-1] {
			lengths = append(lengths, len(line))
		}
		assert.Equal(t, want, lengths)
	}
}

func TestTheAuditTrailSaysWhatChangedAndNothingOfMetadata(t *testing.T) {
	t.Parallel()
	before := good()
	assert.Empty(t, app.Changes(before, before))
	after := before
	after.Seats, after.ExpiresAt = 9, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	after.Metadata = map[string]string{"customer": "Jane"}
	assert.Equal(t, "seats 5 -> 9, expiresAt never -> 2030-01-02T03:04:05Z, metadata", app.Changes(before, after))
	created := app.Changes(app.License{}, before)
	assert.Contains(t, created, "product coditect-ide, seats 5, status active")
	assert.NotContains(t, created, "->", "a new one was nothing before")
	assert.NotContains(t, created, "features", "what is as it is without a licence is no news")
}

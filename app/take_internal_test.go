package app

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnAcquireReservesSignsWritesAndConfirms(t *testing.T) {
	t.Parallel()
	s := newStores()
	g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	require.NoError(t, err)
	assert.Equal(t, []string{"License", "Reserve", "Sign", "Grant lease.acquire 7 0", "Confirm"}, s.called())
	assert.True(t, g.New)
	assert.Equal(t, "token", g.Token)
	assert.Equal(t, s.license.LeaseTTL, s.wanted[0].For)
	assert.False(t, s.wanted[0].Exact)
	assert.Equal(t, tally{"granted": 1}, s.counts)

	_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	require.NoError(t, err)
	assert.Equal(t, []string{"Reserve", "Sign", "Grant lease.acquire 7 0", "Confirm"}, s.called(), "the licence was read a moment ago")
	assert.True(t, s.wanted[1].Exact, "so both stores compare its revision")
}

func TestALeaseThatItsDeviceHasIsConfirmedOnlyWhereItMayHaveChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reserved  Reserved
		confirmed bool
	}{
		"one that goes on":                  {Reserved{}, false},
		"one that counts to another group":  {Reserved{Regrouped: true}, true},
		"one after others that are to end":  {Reserved{Endings: []Ending{{Reason: ReasonExpired}, {Reason: ReasonTaken}}}, true},
		"one that another request reserved": {Reserved{Joined: true}, true},
		"one that is borrowed":              {Reserved{Kind: KindBorrowed}, true},
		"one that was promised for longer":  {Reserved{Shortens: true}, true},
		"one that is new":                   {Reserved{New: true}, true},
	} {
		s := newStores()
		s.reserved = c.reserved
		g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.NoError(t, err, name)
		assert.Equal(t, c.reserved.New, g.New, name)
		assert.Equal(t, "token", g.Token, name)
		assert.Equal(t, c.confirmed, slices.Contains(s.called(), "Confirm"), name)
		assert.Equal(t, len(c.reserved.Endings)/2, s.counts["expired"], name)
		assert.Equal(t, len(c.reserved.Endings)/2, s.counts["taken"], name)
		_, counted := s.counts["expired"]
		assert.Equal(t, len(c.reserved.Endings) > 0, counted, name)
	}
}

func TestARefusalOfTheLedgerSaysHowFullTheLicenceIs(t *testing.T) {
	t.Parallel()
	next := newStores().now.Add(time.Minute)
	for code, want := range map[Code]*Exhausted{
		CodeNoSeats:        {Seats: 2, InUse: 3, NextFree: next},
		CodeSeatsReserved:  {Seats: 2, InUse: 1, Reserved: 2, NextFree: next},
		CodeUserLimit:      {Seats: 1, InUse: 1},
		CodeLicenseRevoked: nil,
	} {
		s := newStores()
		s.license.Overage, s.license.UserSeats = 1.5, 1
		s.fails["Grant"] = []error{NewError(code, "")}
		_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		var refused *Error
		require.ErrorAs(t, err, &refused, code)
		assert.Equal(t, code, refused.Code)
		assert.Equal(t, want, refused.Exhausted, code)
	}
	s := newStores()
	s.fails["Grant"], s.fails["Usage"] = []error{NewError(CodeNoSeats, "")}, []error{errBroken}
	_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	var refused *Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, &Exhausted{Seats: 2, InUse: 2}, refused.Exhausted, "what is known without the live seats")
}

func TestTheLiveSeatsLearnWhatTheLedgerHasEndedThoughItRefusedTheGrant(t *testing.T) {
	t.Parallel()
	room := []Ending{{Lease: "ide_other", Reason: ReasonTaken}}
	for name, c := range map[string]struct {
		refused error
		endings []Ending
		settled string
	}{
		"no seat is free":               {NewError(CodeNoSeats, ""), room, "Settled 1"},
		"the licence was changed":       {ErrChanged, room, "Settled 1"},
		"the licence is suspended":      {NewError(CodeLicenseSuspended, ""), room, "Settled 1"},
		"nothing was to be ended":       {NewError(CodeNoSeats, ""), nil, ""},
		"the device's own is over":      {NewError(CodeLeaseEnded, ""), nil, "Settled 1"},
		"the device's own is taken":     {NewError(CodeLeaseTaken, ""), room, "Settled 2"},
		"nobody knows what was written": {Unavailable("ledger", errBroken), room, ""},
		"a value cannot be stored":      {NewError(CodeValidation, ""), room, ""},
	} {
		s := newStores()
		s.reserved.Endings = c.endings
		s.fails["Grant"] = []error{c.refused}
		_, _ = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		settled := slices.DeleteFunc(s.called(), func(call string) bool { return !strings.HasPrefix(call, "Settled") })
		assert.Equal(t, c.settled, strings.Join(settled, ", "), name)
	}
}

func TestAGrantThatFailsGivesItsSeatBack(t *testing.T) {
	t.Parallel()
	for method, calls := range map[string][]string{
		"License": {"License"},
		"Reserve": {"License", "Reserve"},
		"Sign":    {"License", "Reserve", "Sign", "Cancel cancelled"},
		"Grant":   {"License", "Reserve", "Sign", "Grant lease.acquire 7 0", "Cancel cancelled"},
		"Confirm": {"License", "Reserve", "Sign", "Grant lease.acquire 7 0", "Confirm"}, // it is asked for again, and answered
	} {
		s := newStores()
		s.fails[method] = []error{errBroken}
		_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.ErrorIs(t, err, errBroken, method)
		assert.Equal(t, calls, s.called(), method)
		assert.Equal(t, tally{"refused": 1}, s.counts, method)
	}
	s := newStores()
	s.reserved.New = false
	s.fails["Sign"], s.fails["Grant"] = []error{errBroken}, []error{NewError(CodeNoSeats, "full")}
	_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	assert.Equal(t, CodeNoSeats, CodeOf(err), "the ledger's word goes first")
	assert.Equal(t, tally{"exhausted": 1}, s.counts)
	s.fails["Sign"] = []error{errBroken}
	_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	assert.ErrorIs(t, err, errBroken, "a renewed lease without its token is not answered")
}

func TestALeaseThatWasPromisedForLongerIsShortenedOnlyWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStores()
	s.reserved = Reserved{Shortens: true}
	s.fails["Sign"] = []error{errBroken}
	_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, []string{"License", "Reserve", "Sign", "Cancel cancelled"}, s.called(), "neither store has a sooner end")

	for _, lost := range []error{errBroken, ErrCold} {
		s.fails["Confirm"] = []error{lost}
		g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.NoError(t, err, "the ledger has what is answered, and the seat is kept for longer")
		assert.Equal(t, "token", g.Token)
	}
	s.called()
	s.reserved.Regrouped = true
	s.fails["Confirm"] = []error{errBroken}
	_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	assert.ErrorIs(t, err, errBroken)
}

func TestAnUncheckedCredentialIsGrantedNothing(t *testing.T) {
	t.Parallel()
	s := newStores()
	who := ada()
	who.Unchecked = true
	_, err := s.service.Acquire(t.Context(), who, "ide", "laptop")
	assert.Equal(t, CodeUnavailable, CodeOf(err))
	assert.Equal(t, []string{"License"}, s.called())
}

func TestASeatOfAnotherDeviceIsTakenOnlyWithASignedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStores()
		s.reserved = Reserved{Takes: true}
		s.fails["Sign"] = []error{errBroken}
		_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.ErrorIs(t, err, errBroken)
		require.Equal(t, []string{"License", "Reserve", "Sign"}, s.called(), "nobody lost a seat, and none is to be given back")

		s.wanted = nil
		g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.NoError(t, err)
		assert.Equal(t, []string{"Reserve", "Sign", "Reserve", "Grant lease.acquire 7 0", "Confirm"}, s.called(), "it is signed once")
		assert.False(t, s.wanted[0].Take)
		assert.True(t, s.wanted[1].Take)
		assert.True(t, g.New)
		assert.Equal(t, "token", g.Token)
		assert.True(t, g.Lease.GrantedAt.Equal(s.now.Add(time.Second)), "its token says the times of the first answer")
	})
}

func TestALeaseThatIsTakenAwayMeanwhileIsBegunAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, method := range []string{"Reserve", "Grant"} {
			for _, code := range []Code{CodeLeaseEnded, CodeLeaseTaken} {
				s := newStores()
				s.reserved.New = false
				s.fails[method] = []error{NewError(code, "over")}
				g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
				require.NoError(t, err)
				require.Len(t, s.wanted, 2, "%s %s", method, code)
				assert.NotEqual(t, s.wanted[0].Lease, s.wanted[1].Lease)
				assert.False(t, g.New, "the store said that the device holds it")

				s.fails[method] = repeated(NewError(code, "over"), contended)
				s.wanted = nil
				_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
				var told *Error
				require.ErrorAs(t, err, &told)
				assert.Equal(t, CodeLeaseEnded, told.Code)
				assert.Equal(t, time.Second, told.RetryAfter, "it may succeed soon")
				assert.Len(t, s.wanted, contended)
			}
		}
	})
}

func TestASeatThatIsLostWhileItIsWrittenIsTakenAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStores()
		s.held = []bool{false}
		g, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.NoError(t, err)
		assert.True(t, g.New, "for its device it is")
		assert.Equal(t, s.wanted[0].Lease, s.wanted[1].Lease)
		assert.Empty(t, s.ended)

		// What was written and is handed out to nobody is ended.
		for _, fail := range []struct{ method string }{{"Reserve"}, {"Sign"}, {"Grant"}} {
			s = newStores()
			s.held = []bool{false}
			s.fails[fail.method] = []error{nil, errBroken}
			_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
			require.ErrorIs(t, err, errBroken)
			require.Len(t, s.ended, 1, fail.method)
			assert.Equal(t, ReasonCancelled, s.ended[0].Reason)
		}
		s = newStores()
		s.reserved.New, s.reserved.Joined, s.held = false, true, []bool{false}
		s.fails["Reserve"] = []error{nil, errBroken}
		_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		require.ErrorIs(t, err, errBroken)
		assert.Empty(t, s.ended, "the device's lease from before stays")

		s = newStores()
		s.fails["Confirm"] = repeated(ErrCold, attempts)
		_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		assert.Equal(t, CodeUnavailable, CodeOf(err))
		assert.Len(t, s.wanted, attempts)
		assert.Len(t, s.ended, 1)
		s = newStores()
		s.fails["Confirm"] = repeated(ErrCold, attempts-1)
		_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		assert.NoError(t, err)
	})
}

func TestABacklogIsSettledBeforeASeatIsReserved(t *testing.T) {
	t.Parallel()
	s := newStores()
	s.fails["Reserve"] = []error{ErrBacklog}
	s.endings = [][]Ending{{{Lease: "a", Reason: ReasonExpired}}}
	_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	require.NoError(t, err)
	assert.Equal(t, []string{"License", "Reserve", "Reclaim", "End expired 1", "Settled 1", "Reclaim", "Reserve", "Sign", "Grant lease.acquire 7 0", "Confirm"}, s.called())
	assert.Equal(t, 1, s.counts["expired"])

	s.fails["Reserve"], s.fails["Reclaim"] = []error{ErrBacklog}, []error{errBroken, errBroken}
	_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	assert.ErrorIs(t, err, errBroken)
	s.fails["Reserve"], s.fails["Reclaim"] = repeated(ErrBacklog, 2*attempts), nil
	_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
	assert.Equal(t, CodeUnavailable, CodeOf(err))
}

func TestWhoMayHaveALeaseAndForHowLong(t *testing.T) {
	t.Parallel()
	s := newStores()
	for length, want := range map[time.Duration]Code{time.Minute - 1: CodeBorrowNotAllowed, time.Minute: "", time.Hour: "", time.Hour + 1: CodeBorrowNotAllowed} {
		s.wanted = nil
		_, err := s.service.Borrow(t.Context(), ada(), "ide", "laptop", length)
		assert.Equal(t, want, CodeOf(err), length)
		if want == "" {
			assert.Equal(t, length, s.wanted[0].For)
		}
	}
	_, err := s.service.Borrow(t.Context(), ada(), "ide", "", time.Minute)
	assert.Equal(t, CodeValidation, CodeOf(err), "a borrowed lease belongs to a device")
	_, err = s.service.Acquire(t.Context(), ada(), "ide", "a b")
	assert.Equal(t, CodeValidation, CodeOf(err))
	s = newStores()
	s.license.MaxBorrow = 0
	_, err = s.service.Borrow(t.Context(), ada(), "ide", "laptop", time.Minute)
	assert.Equal(t, CodeBorrowNotAllowed, CodeOf(err))
	assert.ErrorContains(t, err, "may not be borrowed")

	for required, want := range map[bool]Code{false: "", true: CodeValidation} {
		s := newStores()
		s.license.RequireFingerprint = required
		_, err := s.service.Acquire(t.Context(), ada(), "ide", "")
		assert.Equal(t, want, CodeOf(err), "a lease without a device")
		_, err = s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		assert.NoError(t, err)
	}
	_, err = s.service.Acquire(t.Context(), Principal{Tenant: "acme", User: "credential:x", Licenses: []string{"cad"}}, "ide", "laptop")
	assert.Error(t, err)
}

func TestALicenceIsReadAgainBeforeARequestIsRefused(t *testing.T) {
	t.Parallel()
	s := newStores()
	acquire := func() error {
		s.called()
		_, err := s.service.Acquire(t.Context(), ada(), "ide", "laptop")
		return err
	}
	require.NoError(t, acquire())
	s.fails["Reserve"] = []error{NewError(CodeNoSeats, "full")}
	assert.Equal(t, CodeNoSeats, CodeOf(acquire()))
	assert.Equal(t, []string{"Reserve", "License"}, s.called(), "it has the same revision still")
	s.fails["Reserve"] = []error{NewError(CodeNoSeats, "full")}
	s.license.Revision++
	require.NoError(t, acquire(), "it was changed, and has seats")
	s.fails["Reserve"] = []error{ErrChanged}
	require.NoError(t, acquire(), "the stores know of a change before the ledger's copy does")
	s.fails["Reserve"] = repeated(ErrChanged, 1+attempts)
	assert.Equal(t, CodeUnavailable, CodeOf(acquire()), "it is changed again and again")

	s.now = s.now.Add(keepRecent)
	s.license.Status = StatusSuspended
	assert.Equal(t, CodeLicenseSuspended, CodeOf(acquire()))
	assert.Equal(t, []string{"License"}, s.called())
	s.license.Status = StatusTenantSuspended
	assert.Equal(t, CodeTenantSuspended, CodeOf(acquire()))
	_, err := s.service.Acquire(t.Context(), ada(), "I D", "laptop")
	assert.Equal(t, CodeLicenseNotFound, CodeOf(err))
}

func TestALicenceIsRememberedForAMinute(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	of := func(tenant string, change func(*License)) License {
		l := License{Tenant: tenant, ID: "ide", Status: StatusActive, Metadata: map[string]string{"a": "b"}}
		change(&l)
		return l
	}
	known := func(r *recent, tenant string, now time.Time) bool {
		l, found := r.recall(LicenseRef{Tenant: tenant, License: "ide"}, now)
		assert.Empty(t, l.Metadata)
		return found
	}
	r := newRecent()
	r.keep(of("acme", func(*License) {}), at)
	assert.True(t, known(r, "acme", at.Add(keepRecent-1)))
	assert.False(t, known(r, "acme", at.Add(keepRecent)))
	assert.False(t, known(r, "other", at))
	r.forget(LicenseRef{Tenant: "acme", License: "ide"})
	assert.False(t, known(r, "acme", at))
	for name, change := range map[string]func(*License){
		"one that takes seats": func(l *License) { l.WhenFull = WhenFullTake },
		"a suspended one":      func(l *License) { l.Status = StatusSuspended },
		"one that is over":     func(l *License) { l.ExpiresAt = at },
	} {
		r.keep(of("acme", change), at)
		assert.False(t, known(r, "acme", at), name)
	}
	for i := range maxRecent {
		r.keep(of("tenant-"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)), func(*License) {}), at)
	}
	assert.Len(t, r.known, maxRecent, "the oldest one is forgotten")
	assert.Equal(t, maxRecent, r.order.Len())
	assert.False(t, known(r, "acme", at))
	assert.True(t, known(r, "tenant-aaa", at))
}

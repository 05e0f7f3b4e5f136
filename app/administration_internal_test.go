package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// office are the stores as administrators use them.
type office struct {
	*stores
	// open are the open leases of every licence, and erased those that were granted meanwhile.
	open   []Lease
	erased [][]string
	// data is what an export answers, after what place it was asked for.
	data  PersonalData
	after Place
	event Event
}

func newOffice() *office {
	o := &office{stores: newStores()}
	o.service.ledger, o.service.seats, o.service.answers = o, o, forgetting{o: o}
	return o
}

type forgetting struct {
	Answers
	o *office
}

func (f forgetting) Forget(context.Context, string, string) error { return f.o.did("Forget") }

func (o *office) CreateLicense(_ context.Context, l License, e Event) (License, error) {
	o.event = e
	return l, o.did("CreateLicense")
}

func (o *office) UpdateLicense(_ context.Context, _ LicenseRef, change func(*License) (Event, error)) (License, error) {
	l := o.license
	event, err := change(&l)
	if err != nil {
		return License{}, err
	}
	o.event = event
	return l, o.did("UpdateLicense")
}

func (o *office) Usage(context.Context, LicenseRef) (Usage, error) { return Usage{}, o.did("Usage") }

func (o *office) Licenses(context.Context, string, string, int) ([]License, error) {
	return nil, o.did("Licenses")
}

func (o *office) Events(context.Context, string, int64, int) ([]Event, error) {
	return nil, o.did("Events")
}

func (o *office) Hours(context.Context, LicenseRef, Period) ([]Hour, error) {
	return nil, o.did("Hours")
}

func (o *office) Denials(context.Context, string, string, Period, Event, int) ([]Denial, *Event, error) {
	return nil, nil, o.did("Denials")
}

func (o *office) Refuse(_ context.Context, _ string, e Event) error {
	o.event = e
	return o.did("Refuse")
}

func (o *office) Named(context.Context, string) ([]string, error) {
	return []string{"ide"}, o.did("Named")
}

func (o *office) Drop(context.Context, LicenseRef) error { return o.did("Drop") }

func (o *office) OpenOf(_ context.Context, _, user, after string, limit int) (ids []string, err error) {
	for _, l := range o.open {
		if user == "" || l.User == user {
			ids = append(ids, l.ID)
		}
	}
	return ids[slices.Index(ids, after)+1:][:min(limit, len(ids)-slices.Index(ids, after)-1)], o.did("OpenOf")
}

func (o *office) Export(_ context.Context, _, _ string, after Place, _ int, e Event) (PersonalData, error) {
	o.after, o.event = after, e
	return o.data, o.did("Export")
}

func (o *office) Erase(_ context.Context, _, _ string, e Event) (int64, error) {
	o.event = e
	return 3, o.did("Erase")
}

func (o *office) OpenErased(context.Context, string) ([]string, error) {
	return takePage(&o.erased), o.did("OpenErased")
}

func root() Principal { return Principal{Tenant: "acme", User: "root", Admin: true} }

func TestOnlyAdministratorsAdminister(t *testing.T) {
	t.Parallel()
	o := newOffice()
	same := func(*License) {}
	for name, call := range map[string]func(Principal) error{
		"create": func(p Principal) error {
			_, err := o.service.CreateLicense(t.Context(), p, License{ID: "ide", Product: "p", Seats: 1})
			return err
		},
		"update": func(p Principal) error {
			_, err := o.service.UpdateLicense(t.Context(), p, "ide", ActionUpdate, nil, same)
			return err
		},
		"list":   func(p Principal) error { _, err := o.service.Licenses(t.Context(), p, "", 1); return err },
		"leases": func(p Principal) error { _, err := o.service.Leases(t.Context(), p, "ide", "", 1); return err },
		"trail":  func(p Principal) error { _, err := o.service.Events(t.Context(), p, 0, 1); return err },
		"usage": func(p Principal) error {
			_, _, err := o.service.UsageReport(t.Context(), p, "ide", Period{})
			return err
		},
		"denials": func(p Principal) error {
			_, _, err := o.service.DenialReport(t.Context(), p, "", Period{}, Event{}, 1)
			return err
		},
		"export": func(p Principal) error { _, err := o.service.Export(t.Context(), p, "ada", Place{}); return err },
		"erase":  func(p Principal) error { _, err := o.service.Erase(t.Context(), p, "ada"); return err },
	} {
		assert.Equal(t, CodeForbidden, CodeOf(call(ada())), name)
		assert.Empty(t, o.called(), name)
		assert.NoError(t, call(root()), name)
		assert.NotEmpty(t, o.called(), name)
	}
}

func TestAnUpdateIsCheckedAndReachesTheLiveSeats(t *testing.T) {
	t.Parallel()
	o := newOffice()
	update := func(action Action, known *int, change func(*License)) Code {
		o.called()
		_, err := o.service.UpdateLicense(t.Context(), root(), "ide", action, known, change)
		return CodeOf(err)
	}
	seats := func(n int) func(*License) { return func(l *License) { l.Seats = n } }
	assert.Empty(t, update(ActionUpdate, nil, seats(3)))
	assert.Equal(t, []string{"UpdateLicense", "Configure 0"}, o.called())
	assert.Equal(t, "seats 2 -> 3", o.event.Detail)
	assert.Empty(t, update(ActionUpdate, new(7), seats(3)))
	assert.Equal(t, CodeLicenseChanged, update(ActionUpdate, new(6), seats(3)))
	assert.Equal(t, CodeValidation, update(ActionUpdate, nil, seats(-1)))
	o.license.Status = StatusRevoked
	assert.Equal(t, CodeLicenseRevoked, update(ActionUpdate, nil, seats(3)))
	assert.Empty(t, update(ActionRevoke, nil, seats(2)), "it can be revoked again")
	o.fails["Configure"] = []error{errBroken}
	assert.Equal(t, CodeInternal, update(ActionRevoke, nil, seats(2)))
	_, err := o.service.UpdateLicense(t.Context(), root(), "I D", ActionUpdate, nil, seats(1))
	assert.Equal(t, CodeLicenseNotFound, CodeOf(err))
	_, err = o.service.CreateLicense(t.Context(), root(), License{ID: "I D"})
	assert.Equal(t, CodeValidation, CodeOf(err))
}

func TestListsBeginAtAnIDOfTheirKind(t *testing.T) {
	t.Parallel()
	o := newOffice()
	for after, want := range map[string]Code{"": "", "ide": "", "I D": CodeValidation} {
		_, err := o.service.Licenses(t.Context(), root(), after, 1)
		assert.Equal(t, want, CodeOf(err), after)
	}
	for after, want := range map[string]Code{"": "", NewLeaseID("ide"): "", "x": CodeValidation} {
		_, err := o.service.Leases(t.Context(), root(), "ide", after, 1)
		assert.Equal(t, want, CodeOf(err), after)
		_, err = o.service.Export(t.Context(), root(), "ada", Place{Lease: after})
		assert.Equal(t, want, CodeOf(err), after)
	}
	for license, want := range map[string]Code{"": "", "ide": "", "I D": CodeLicenseNotFound} {
		_, _, err := o.service.DenialReport(t.Context(), root(), license, Period{}, Event{}, 1)
		assert.Equal(t, want, CodeOf(err), license)
	}
	o.fails["License"] = []error{errBroken, errBroken, errBroken}
	_, err := o.service.Leases(t.Context(), root(), "ide", "", 1)
	require.ErrorIs(t, err, errBroken)
	_, _, err = o.service.UsageReport(t.Context(), root(), "ide", Period{})
	require.ErrorIs(t, err, errBroken)
	_, _, err = o.service.GetLicense(t.Context(), ada(), "ide")
	require.ErrorIs(t, err, errBroken)
	_, _, err = o.service.GetLicense(t.Context(), ada(), "ide")
	require.NoError(t, err)
	_, _, err = o.service.GetLicense(t.Context(), Principal{Tenant: "acme", User: "credential:x", Licenses: []string{"cad"}}, "ide")
	assert.Equal(t, CodeNotForLicense, CodeOf(err))
	o.license.Status = StatusTenantSuspended
	_, _, err = o.service.GetLicense(t.Context(), ada(), "ide")
	assert.Equal(t, CodeTenantSuspended, CodeOf(err))
}

func TestReportsAreOfATimeAndTwoAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice()
	usage := func(p Period) Code {
		_, _, err := o.service.UsageReport(t.Context(), root(), "ide", p)
		return CodeOf(err)
	}
	denials := func(p Period) Code {
		_, _, err := o.service.DenialReport(t.Context(), root(), "", p, Event{}, 1)
		return CodeOf(err)
	}
	future := Period{From: o.now.Add(time.Hour)}
	for range reportsAtOnce + 1 {
		assert.Empty(t, usage(Period{}), "each leaves its place")
		assert.Empty(t, denials(Period{}))
	}
	assert.Equal(t, CodeValidation, usage(future))
	assert.Equal(t, CodeValidation, denials(future))
	for range reportsAtOnce {
		_, err := o.service.reporting()
		require.NoError(t, err)
	}
	assert.Equal(t, CodeTooManyRequests, usage(Period{}))
	assert.Equal(t, CodeTooManyRequests, denials(Period{}))
}

func TestAnExportThatIsFullSaysWhereTheRestBegins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leases, events int
		next           *Place
	}{
		"little":                 {1, 1, nil},
		"as many leases":         {exportLimit, 1, &Place{Lease: "last", Event: 5}},
		"as many events":         {1, exportLimit, &Place{Lease: "last", Event: 5}},
		"many leases, no events": {exportLimit, 0, &Place{Lease: "last", Event: 4}},
		"many events, no leases": {0, exportLimit, &Place{Lease: "before", Event: 5}},
	} {
		o := newOffice()
		o.data = PersonalData{Leases: make([]Lease, c.leases), Events: make([]Event, c.events)}
		if c.leases > 0 {
			o.data.Leases[c.leases-1].ID = "last"
		}
		if c.events > 0 {
			o.data.Events[c.events-1].ID = 5
		}
		before := "ide_" + strings.Repeat("a", leaseSuffix)
		if c.next != nil && c.next.Lease == "before" {
			c.next.Lease = before
		}
		data, err := o.service.Export(t.Context(), root(), "", Place{Lease: before, Event: 4})
		require.NoError(t, err, name)
		assert.Equal(t, c.next, data.Next, name)
		assert.Equal(t, "all users", o.event.Detail)
	}
	o := newOffice()
	_, err := o.service.Export(t.Context(), root(), "a\x00", Place{})
	require.Equal(t, CodeValidation, CodeOf(err))
	o.fails["Export"] = []error{errBroken}
	_, err = o.service.Export(t.Context(), root(), "ada", Place{})
	require.ErrorIs(t, err, errBroken)
	assert.True(t, strings.HasPrefix(o.event.Detail, "user sha256:"), o.event.Detail)
}

func TestAnErasureEndsTheUsersLeasesAndThoseThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	erase := func(o *office, user string) error {
		o.open = []Lease{{ID: NewLeaseID("ide"), User: "ada"}, {ID: NewLeaseID("ide"), User: "bob"}, {ID: NewLeaseID("ide"), User: "ada"}}
		changed, err := o.service.Erase(t.Context(), root(), user)
		assert.EqualValues(t, map[bool]int{true: 3, false: 0}[err == nil], changed)
		return err
	}
	frees := func(o *office) (n int) {
		for _, call := range o.called() {
			if call == "Free 0" {
				n++
			}
		}
		return n
	}
	o := newOffice()
	require.NoError(t, erase(o, "ada"))
	assert.Equal(t, 2, frees(o), "bob keeps his")
	require.NoError(t, erase(o, ""))
	assert.Equal(t, 3, frees(o))
	o.erased = [][]string{{NewLeaseID("ide")}, {NewLeaseID("ide")}}
	require.NoError(t, erase(o, "ada"))
	assert.Equal(t, 4, frees(o))
	require.Equal(t, CodeValidation, CodeOf(erase(o, "a\x00")))
	o.open = nil
	for range 2*page + 1 {
		o.open = append(o.open, Lease{ID: NewLeaseID("ide"), User: "ada"})
	}
	_, err := o.service.Erase(t.Context(), root(), "ada")
	require.NoError(t, err)
	assert.Equal(t, 2*page+1, frees(o), "in pages")

	for _, step := range []string{"Named", "Reclaim", "OpenOf", "Free", "Forget", "Erase"} {
		o = newOffice()
		o.fails[step] = []error{errBroken}
		err := erase(o, "ada")
		require.ErrorIs(t, err, errBroken, step)
		assert.Equal(t, CodeInternal, CodeOf(err), "%s: there was time enough", step)
		assert.Equal(t, step == "Erase" || step == "Forget", slices.Contains(o.called(), "Erase"), step)
	}
	o = newOffice()
	o.fails["OpenErased"] = []error{errBroken}
	_, err = o.service.Erase(t.Context(), root(), "ada")
	require.ErrorIs(t, err, errBroken)
	o.erased, o.fails["Free"] = [][]string{{NewLeaseID("ide")}}, []error{errBroken}
	_, err = o.service.Erase(t.Context(), root(), "ada")
	require.ErrorIs(t, err, errBroken)

	o = newOffice()
	o.fails["Reclaim"] = []error{NewError(CodeLicenseNotFound, "")}
	require.NoError(t, erase(o, "ada"), "the ledger was restored, and has no such licence")
	assert.True(t, slices.Contains(o.called(), "Drop"))
	o.fails["Reclaim"], o.fails["Drop"] = []error{NewError(CodeLicenseNotFound, "")}, []error{errBroken}
	require.ErrorIs(t, erase(o, "ada"), errBroken)

	// What does not fit into one request goes on with the next one.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.erased = [][]string{{NewLeaseID("ide")}, {NewLeaseID("ide")}}
	_, err = o.service.Erase(ctx, root(), "ada")
	assert.Equal(t, CodeUnavailable, CodeOf(err))
	assert.ErrorContains(t, err, "it goes on from here")
	assert.Len(t, o.erased, 1)
}

func TestARefusalInTheTrailNamesWhatCanExist(t *testing.T) {
	t.Parallel()
	id := NewLeaseID("ide")
	for name, c := range map[string]struct {
		license, lease         string
		wantLicense, wantLease string
	}{
		"a licence":                  {"cad", "", "cad", ""},
		"a lease":                    {"", id, "ide", id},
		"both":                       {"cad", id, "cad", id},
		"made-up names":              {"I D", "x", "", ""},
		"a lease that is no lease's": {"cad", "x", "cad", ""},
	} {
		o := newOffice()
		o.service.Refused(t.Context(), ada(), "GET /", c.license, c.lease, CodeForbidden)
		assert.Equal(t, c.wantLicense, o.event.License, name)
		assert.Equal(t, c.wantLease, o.event.Lease, name)
	}
	o := newOffice()
	for _, code := range []Code{CodeUnavailable, CodeInternal, CodeUnknownTenant, CodeTooManyRequests} {
		o.service.Refused(t.Context(), ada(), "GET /", "", "", code)
	}
	assert.Empty(t, o.called())
}

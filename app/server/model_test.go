package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
	"github.com/coditect-ai/license-platform/app/redis"
)

// unsigned is a signer for tests that are not about tokens.
type unsigned struct{}

func (unsigned) Sign(context.Context, app.Claims) (string, error) { return "token", nil }

// service is the domain over the real stores, without HTTP.
func (w *fixture) service(t testing.TB) *app.Service { return w.signedBy(t, unsigned{}) }

// signedBy is service with a signer.
func (w *fixture) signedBy(t testing.TB, signer app.Signer) *app.Service {
	t.Helper()
	return w.serviceOver(t, w.ledger(t), signer)
}

// serviceOver is service over a ledger, with a signer.
func (w *fixture) serviceOver(t testing.TB, ledger app.Ledger, signer app.Signer) *app.Service {
	t.Helper()
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	observe := func(string, time.Duration, error) {}
	return app.New(app.Dependencies{
		Ledger: ledger, Seats: redis.NewSeats(client, observe), Answers: redis.NewAnswers(client, observe), Signer: signer,
		Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Issuer: "https://licenses.coditect.ai", Now: time.Now,
	})
}

// holding is a lease whose holder was told of it.
type holding struct {
	lease string
	who   app.Principal
	// group is the one whose reserved seat it is.
	group string
	// borrowed and floating are what it is for certain, and lent says that it was borrowed
	// at some time: a rebuild makes it so again.
	borrowed, floating, lent bool
}

// beat notes what a heartbeat makes of a holding: a borrow that ends within a lease time is over.
func (m *model) beat(h *holding, until time.Time) {
	if h.borrowed && time.Until(until) <= m.ttl {
		h.borrowed, h.floating = false, m.ends.IsZero()
	}
}

// past is a lease whose time is over.
type past struct {
	device string
	who    app.Principal
}

// model is what must be true of one licence, kept beside the real thing.
type model struct {
	w       *fixture
	service *app.Service
	ledger  *hookedLedger
	signer  *modelSigner
	client  *goredis.Client
	users   []app.Principal
	admin   app.Principal
	license string
	seats   int
	limit   int
	// most is the most that limit ever was.
	most   int
	ttl    time.Duration
	policy app.Policy
	next   int
	// held are the leases whose holders were told that they have a seat, and whose
	// time is not over, by device.
	held map[string]holding
	// over are leases whose time is over, by lease.
	over map[string]past
	// taken are leases whose seat was given to another device: lease -> holder.
	taken map[string]app.Principal
	// forced are leases that an administrator took away: lease -> holder.
	forced map[string]app.Principal
	// ends is the licence's own end, zero for none.
	ends time.Time
	// ghosts bounds the leases that were over when the live state was lost: they may
	// keep a seat for one more lease time, which is the safe side.
	ghosts int
	// excess is how many seats more than there are were held or kept when the policy was
	// changed last: those who hold one keep it.
	excess int
	// surplus is how many more leases than seats may have a seat: there became fewer seats, and
	// whoever has one keeps it.
	surplus int
}

func newModel(t *rapid.T, tb testing.TB, w *fixture, service *app.Service, ledger *hookedLedger, signer *modelSigner, client *goredis.Client, run int) *model {
	// A tenant of its own, which can be suspended and erased as a whole.
	tenant := fmt.Sprintf("model-%d", run)
	w.postgres.Admin(tb, `INSERT INTO licensing.tenant (id, name, status) VALUES ('`+tenant+`', 'model', 'active')`)
	m := &model{
		w: w, service: service, ledger: ledger, signer: signer, client: client, ttl: 5 * time.Minute, admin: app.Principal{Tenant: tenant, User: "root", Admin: true}, license: "model",
		users: []app.Principal{
			{Tenant: tenant, User: "ada"},
			{Tenant: tenant, User: "bob", Groups: []string{"staff"}},
			{Tenant: tenant, User: "dan", Groups: []string{"staff", "devs"}},
			{Tenant: tenant, User: "eve", Groups: []string{"qa", "devs"}},
		},
		seats: rapid.IntRange(1, 6).Draw(t, "seats"), held: map[string]holding{}, over: map[string]past{}, taken: map[string]app.Principal{}, forced: map[string]app.Principal{},
	}
	license := app.License{ID: m.license, Product: "coditect-ide", Seats: m.seats, MaxBorrow: 24 * time.Hour, Overage: rapid.SampledFrom([]float64{1, 1.5}).Draw(t, "overage")}
	m.limit, m.most = license.Limit(), license.Limit()
	if rapid.Bool().Draw(t, "policy") {
		m.policy = m.draw(t)
		license.Policy = m.policy
	}
	if _, err := service.CreateLicense(context.Background(), m.admin, license); err != nil {
		t.Fatalf("create: %v", err)
	}
	credential, _, err := service.CreateCredential(context.Background(), m.admin, "build servers", []string{m.license}, time.Time{}, "")
	if err != nil {
		t.Fatalf("credential: %v", err)
	}
	m.users = append(m.users, credential.Principal())
	return m
}

// draw makes a policy up.
func (m *model) draw(t *rapid.T) app.Policy {
	p := app.Policy{
		UserSeats:  rapid.IntRange(0, 3).Draw(t, "userSeats"),
		WhenFull:   rapid.SampledFrom([]app.WhenFull{app.WhenFullRefuse, app.WhenFullTake}).Draw(t, "whenFull"),
		Grace:      time.Duration(rapid.IntRange(0, 1).Draw(t, "grace")) * time.Hour,
		LeaseGrace: time.Duration(rapid.IntRange(0, 1).Draw(t, "leaseGrace")) * time.Minute,
		TakeIdle:   time.Duration(rapid.IntRange(0, 1).Draw(t, "takeIdle")) * time.Minute,
		Features:   rapid.SampledFrom([][]string{nil, {"export"}, {"export", "sso"}}).Draw(t, "features"),
	}
	left := m.seats
	for _, group := range []string{"devs", "qa"} {
		if seats := rapid.IntRange(0, left).Draw(t, group); seats > 0 {
			p.Reservations = append(p.Reservations, app.GroupSeats{Group: group, Seats: seats})
			left -= seats
		}
	}
	return p
}

func (m *model) prefix() string { return "seats:{" + m.admin.Tenant + "/" + m.license + "}:" }

// of is how many seats a user holds.
func (m *model) of(user string) (n int) {
	for _, h := range m.held {
		if h.who.User == user {
			n++
		}
	}
	return n
}

// free is how many of a group's reserved seats are free.
func (m *model) free(r app.GroupSeats) int {
	for _, h := range m.held {
		if h.group == r.Group {
			r.Seats--
		}
	}
	return max(0, r.Seats)
}

// kept is how many free seats are reserved for others than a group.
func (m *model) kept(except string) (n int) {
	for _, r := range m.policy.Reservations {
		if r.Group != except {
			n += m.free(r)
		}
	}
	return n
}

// room says whether a user must get a seat, when so many more are taken than is known.
func (m *model) room(who app.Principal, more int) bool {
	if m.policy.UserSeats > 0 && m.of(who.User)+more >= m.policy.UserSeats {
		return false
	}
	if len(m.held)+more+m.kept("") < m.limit {
		return true
	}
	for _, r := range m.policy.Reservations {
		if slices.Contains(who.Groups, r.Group) && m.free(r) > 0 && len(m.held)+more+m.kept(r.Group) < m.limit {
			return true
		}
	}
	return false
}

// allowed checks that a new seat was there to be given.
func (m *model) allowed(t *rapid.T, h holding) {
	if m.policy.UserSeats > 0 && m.of(h.who.User) >= m.policy.UserSeats {
		t.Fatalf("%s has %d seats and got one more, of at most %d", h.who.User, m.of(h.who.User), m.policy.UserSeats)
	}
	if h.group != "" && !slices.Contains(h.who.Groups, h.group) {
		t.Fatalf("%s is not of %s", h.who.User, h.group)
	}
	if len(m.held)+m.kept(h.group) >= m.limit {
		t.Fatalf("%s got a seat (reserved for %q) with %d held and %d kept for others of %d", h.who.User, h.group, len(m.held), m.kept(h.group), m.limit)
	}
}

// check holds after every step.
func (m *model) check(t *rapid.T) {
	if len(m.held)-m.limit > m.surplus {
		t.Fatalf("oversold: %d holders of %d seats", len(m.held), m.limit)
	}
	// Nobody else can have a seat beyond the limit.
	m.surplus = min(m.surplus, max(0, len(m.held)+len(m.over)-m.limit))
	if excess := len(m.held) + m.kept("") - m.limit; excess > m.excess {
		t.Fatalf("the reserved seats are not there: %d held, %d kept, of %d", len(m.held), m.kept(""), m.limit)
	} else {
		m.excess = max(0, excess)
	}
}

func TestSeatsAreNeverOversoldAndLiveHoldersNeverDropped(t *testing.T) {
	t.Parallel()
	tb := t
	w := newFixture(t)
	signer := &modelSigner{}
	ledger := &hookedLedger{Ledger: w.ledger(t)}
	service := w.serviceOver(t, ledger, signer)
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	run, taken := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := newModel(t, tb, w, service, ledger, signer, client, run)
		t.Repeat(map[string]func(*rapid.T){
			"Acquire": m.Acquire, "Borrow": m.Borrow, "Near": m.Near, "Limit": m.Limit, "Heartbeat": m.Heartbeat, "Late": m.Late, "Release": m.Release, "Expire": m.Expire,
			"Policy": m.Policy, "Taken": m.Taken, "Reap": m.Reap, "Lose": m.Lose, "Race": m.Race, "Unsigned": m.Unsigned, "Force": m.Force, "Forced": m.Forced,
			"Suspend": m.Suspend, "SuspendTenant": func(t *rapid.T) { m.SuspendTenant(t, tb) }, "Stranger": m.Stranger, "Revoke": m.Revoke,
			"Regroup": m.Regroup, "Resize": m.Resize, "Foreign": m.Foreign, "Unnamed": m.Unnamed, "Failed": m.Failed, "Lost": m.Lost, "ReleaseOver": m.ReleaseOver, "Crowd": m.Crowd, "Erase": func(t *rapid.T) { m.Erase(t, tb) }, "": m.check,
		})
		// In the end everybody who was promised a seat still has it.
		for device, h := range m.held {
			if _, err := service.Heartbeat(context.Background(), h.who, h.lease); err != nil {
				t.Fatalf("%s was dropped: %v", device, err)
			}
		}
		for lease, who := range m.taken {
			if _, err := service.Heartbeat(context.Background(), who, lease); app.CodeOf(err) != app.CodeLeaseTaken {
				t.Fatalf("whose seat was taken is not told: %v", err)
			}
		}
		for lease, who := range m.forced {
			if _, err := service.Heartbeat(context.Background(), who, lease); app.CodeOf(err) != app.CodeLeaseEnded {
				t.Fatalf("a lease that was taken away is not over: %v", err)
			}
		}
		taken += len(m.taken)
		// So that what was granted while there were more seats is not counted against fewer.
		_, err := service.UpdateLicense(context.Background(), m.admin, m.license, app.ActionUpdate, nil, func(l *app.License) { l.Seats, l.Overage = max(m.most, l.Seats), 1 })
		if err != nil {
			t.Fatalf("update: %v", err)
		}
	})
	require.Zero(t, w.postgres.Count(t, `SELECT count(*) FROM (SELECT l.id FROM licensing.license l JOIN licensing.lease e ON e.tenant_id = l.tenant_id AND e.license_id = l.id
		WHERE e.ended_at IS NULL GROUP BY l.tenant_id, l.id, l.seats, l.overage HAVING count(*) > floor(l.seats * l.overage + 1e-9)) oversold`), "the ledger never has more open leases than seats")
	require.GreaterOrEqual(t, w.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.take'`), taken, "each seat that was taken is in the audit trail")
}

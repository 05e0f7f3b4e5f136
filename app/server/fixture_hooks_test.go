package server_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/metrics"
	"github.com/coditect-ai/license-platform/app/redis"
)

// hooked is the domain over the real stores, with a place between two steps where a test
// can do something else, or let a step fail.
type hooked struct {
	*app.Service
	fixture *fixture
	client  *goredis.Client
	ledger  *hookedLedger
	// sign is called in place of the signing key.
	sign func(context.Context) error
	// signed are the claims of the latest token.
	signed atomic.Pointer[app.Claims]
}

type hookedLedger struct {
	app.Ledger
	afterLicense, afterLease, afterOpen, afterSeat, beforeEnd, beforeErase func()
	beforeGrant, afterGrant, afterEnd                                      func() error
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	w := newFixture(t)
	h := &hooked{fixture: w, client: w.redis.Client(), ledger: &hookedLedger{Ledger: w.ledger(t)}}
	t.Cleanup(func() { require.NoError(t, h.client.Close()) })
	h.restart()
	return h
}

// restart makes it one that has read nothing yet.
func (h *hooked) restart() {
	observe := func(string, time.Duration, error) {}
	h.Service = app.New(app.Dependencies{
		Ledger: h.ledger, Seats: redis.NewSeats(h.client, observe), Answers: redis.NewAnswers(h.client, observe), Signer: h,
		Meter: metrics.New(), Log: slog.New(slog.DiscardHandler), Issuer: "https://licenses.coditect.ai", Now: time.Now,
	})
}

// once runs a hook at most once, so that what the hook does runs without it.
func once(hook *func()) {
	if do := *hook; do != nil {
		*hook = nil
		do()
	}
}

// claims are those of the latest token.
func (h *hooked) claims() app.Claims { return *h.signed.Load() }

func (h *hooked) Sign(ctx context.Context, claims app.Claims) (string, error) {
	h.signed.Store(&claims)
	if h.sign == nil {
		return "token", nil
	}
	return "token", h.sign(ctx)
}

func (l *hookedLedger) License(ctx context.Context, ref app.LicenseRef) (app.License, error) {
	defer once(&l.afterLicense)
	return l.Ledger.License(ctx, ref)
}

func (l *hookedLedger) Lease(ctx context.Context, tenant, id string) (app.Lease, error) {
	defer once(&l.afterLease)
	return l.Ledger.Lease(ctx, tenant, id)
}

func (l *hookedLedger) Leases(ctx context.Context, ref app.LicenseRef, after string, limit int) ([]app.Lease, error) {
	defer once(&l.afterSeat)
	return l.Ledger.Leases(ctx, ref, after, limit)
}

func (l *hookedLedger) OpenLeases(ctx context.Context, after app.OpenLease, limit int) ([]app.OpenLease, *app.OpenLease, error) {
	found, next, err := l.Ledger.OpenLeases(ctx, after, limit)
	if len(found) > 0 {
		once(&l.afterOpen)
	}
	return found, next, err
}

func (l *hookedLedger) EndAll(ctx context.Context, all []app.Settlement) error {
	once(&l.beforeEnd)
	return l.Ledger.EndAll(ctx, all)
}

func (l *hookedLedger) End(ctx context.Context, tenant string, endings []app.Ending) error {
	once(&l.beforeEnd)
	err := l.Ledger.End(ctx, tenant, endings)
	if after := l.afterEnd; err == nil && after != nil {
		l.afterEnd = nil
		return after()
	}
	return err
}

func (l *hookedLedger) Erase(ctx context.Context, tenant, user string, event app.Event) (int64, error) {
	once(&l.beforeErase)
	return l.Ledger.Erase(ctx, tenant, user, event)
}

func (l *hookedLedger) Grant(ctx context.Context, lease app.Lease, revision int64, endings []app.Ending, event app.Event) error {
	if l.beforeGrant != nil {
		if err := l.beforeGrant(); err != nil {
			return err
		}
	}
	err := l.Ledger.Grant(ctx, lease, revision, endings, event)
	if after := l.afterGrant; err == nil && after != nil {
		l.afterGrant = nil
		return after()
	}
	return err
}

// create makes a licence of one seat.
func (h *hooked) create(t *testing.T, id string) {
	t.Helper()
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: id, Product: "coditect-ide", Seats: 1, MaxBorrow: app.MaxBorrow})
	require.NoError(t, err)
}

// expire lets the time of a lease run out.
func (h *hooked) expire(t *testing.T, lease app.Lease) {
	t.Helper()
	key := "seats:{" + lease.Tenant + "/" + lease.License + "}:leases"
	require.NoError(t, h.client.ZAddXX(t.Context(), key, goredis.Z{Score: 1, Member: lease.ID}).Err())
}

// inUse is how many seats of a licence are taken.
func (h *hooked) inUse(t *testing.T, license string) int {
	t.Helper()
	_, usage, err := h.GetLicense(t.Context(), ada(), license)
	require.NoError(t, err)
	return usage.InUse
}

func ada() app.Principal  { return app.Principal{Tenant: mine, User: "ada"} }
func bob() app.Principal  { return app.Principal{Tenant: mine, User: "bob"} }
func root() app.Principal { return app.Principal{Tenant: mine, User: "root", Admin: true} }

func unavailableKey() error { return app.Unavailable("signing key", errors.New("refused")) }

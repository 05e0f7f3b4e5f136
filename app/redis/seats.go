package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// Seats implements app.Seats.
type Seats struct {
	client  *goredis.Client
	observe Observe

	heartbeats *heartbeats

	reserve, confirm, cancel, free, reclaim, settled, configure, usage script
	begin, stage, load, abandon                                        script
	look, drop, claim, done, fullness                                  script
}

var _ app.Seats = (*Seats)(nil)

// NewSeats returns the live store on a client that the caller closes.
func NewSeats(client *goredis.Client, observe Observe) *Seats {
	return &Seats{
		client: client, observe: observe,
		heartbeats: newHeartbeats(client), reserve: newScript("reserve", reserveLua),
		confirm: newSpareScript("confirm", confirmLua), cancel: newSpareScript("cancel", cancelLua), free: newSpareScript("free", freeLua), reclaim: newSpareScript("reclaim", reclaimLua),
		settled: newSpareScript("settled", settledLua), begin: newSpareScript("begin", beginLua), stage: newSpareScript("stage", stageLua), load: newSpareScript("load", loadLua),
		configure: newSpareScript("configure", configureLua), usage: newSpareScript("usage", usageLua),
		abandon: newSpareScript("abandon", abandonLua), look: newSpareScript("look", lookLua), drop: newSpareScript("drop", dropLua),
		claim: aloneScript("claim", claimLua), done: aloneScript("done", doneLua), fullness: aloneScript("fullness", fullnessLua),
	}
}

// Extend implements app.Seats.
func (s *Seats) Extend(ctx context.Context, ref app.LicenseRef, lease, user string) (app.Extended, error) {
	start := time.Now()
	values, err := s.heartbeats.send(ctx, ref, lease, digest(user)+":f")
	s.observe(s.heartbeats.script.name, time.Since(start), err)
	a, err := answerOf(s.heartbeats.script, values, err)
	if err != nil {
		return app.Extended{}, err
	}
	switch a.word {
	case "ok", "revived":
		return extended(a, a.text(0))
	case "absent":
		return app.Extended{}, app.ErrAbsent
	case "expired":
		return app.Extended{}, app.NewError(app.CodeLeaseExpired, "the lease has expired and no seat is free; acquire again")
	case "holder":
		return app.Extended{}, app.NewError(app.CodeNotHolder, "the lease belongs to another user")
	case "status":
		return app.Extended{}, statusError(a.text(2))
	case "over":
		return app.Extended{}, statusError("expired")
	}
	// A borrowed lease keeps its end.
	return extended(a, a.word)
}

// extended reads the answer to a heartbeat of a lease that was extended until then.
func extended(a answer, until string) (app.Extended, error) {
	expiry, err := instant(until)
	if err != nil {
		return app.Extended{}, fmt.Errorf("script extend: expiry: %w", err)
	}
	interval, err := strconv.ParseInt(a.text(1), 10, 64)
	if err != nil {
		return app.Extended{}, fmt.Errorf("script extend: interval: %w", err)
	}
	return app.Extended{ExpiresAt: expiry, Interval: time.Duration(interval) * time.Microsecond, Revived: a.word == "revived", InGrace: a.text(3) == "1"}, nil
}

// statusError names the state that keeps a licence from being used.
func statusError(status string) error {
	switch status {
	case string(app.StatusSuspended):
		return app.NewError(app.CodeLicenseSuspended, "the licence is suspended")
	case string(app.StatusRevoked):
		return app.NewError(app.CodeLicenseRevoked, "the licence is revoked")
	case string(app.StatusTenantSuspended):
		return app.NewError(app.CodeTenantSuspended, "the tenant is suspended")
	}
	return app.NewError(app.CodeLicenseExpired, "the licence has expired")
}

// Configure implements app.Seats.
func (s *Seats) Configure(ctx context.Context, license app.License, overruled int64) (int64, error) {
	a, err := s.run(ctx, s.configure, license.Ref(), append(numbers(license), overruled)...)
	if err != nil {
		return 0, err
	}
	revision, err := strconv.ParseInt(a.text(0), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("script configure: revision: %w", err)
	}
	return revision, nil
}

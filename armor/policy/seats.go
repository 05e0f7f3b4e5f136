package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/setting"
)

// minDevices is the least default of SeatLimit.Devices. It holds where fewer seats are
// declared, because licences are also created through the API.
const minDevices = 200

// Seats are the numbers of the licences that the policy needs, so that the rate limit
// never refuses the heartbeat that keeps a seat. The zero value means a lease time of 300
// seconds with a heartbeat every 100 seconds.
type Seats struct {
	// Most is the most seats that one tenant has: all its devices may share one
	// address.
	Most int
	// LeaseSeconds is the shortest lease time of all licences.
	LeaseSeconds int
	// HeartbeatSeconds is the shortest time between two heartbeats of a device.
	HeartbeatSeconds int
}

func (s Seats) withDefaults() Seats {
	s.LeaseSeconds = cmp.Or(s.LeaseSeconds, 300)
	s.HeartbeatSeconds = cmp.Or(s.HeartbeatSeconds, max(s.LeaseSeconds/3, 1))
	return s
}

// SeatLimit is the rate limit of heartbeats and releases. It has a rule of its
// own before the general one, so that an office behind one address keeps its
// seats whatever else that address sends. It throttles and never bans: when
// one device sends too much, the other devices behind its address must not lose their
// seats after it has stopped.
type SeatLimit struct {
	// Devices is how many devices behind one address can keep a seat each.
	// Default: the most seats that one tenant declares, at least 200.
	Devices int `json:"devices,omitempty"`
	// Count is how many heartbeats and releases an address may send in an
	// interval, 1 to 1 000 000. Default: all heartbeats that Devices send in an
	// interval, even all at the same moment, and a release of each.
	Count int `json:"count,omitempty"`
	// IntervalSeconds is the interval. Default 60; see rule.Intervals.
	IntervalSeconds int `json:"intervalSeconds,omitempty"`
}

// withSeatLimits fills in the defaults that depend on the licences: the number of
// requests that keep the seats behind one address, and a ban that ends before a lease
// does. The shortest ban that can be declared is a minute.
func (s Settings) withSeatLimits(seats Seats) Settings {
	seats = seats.withDefaults()
	limit := &s.Seats
	limit.Devices = cmp.Or(limit.Devices, max(seats.Most, minDevices))
	limit.IntervalSeconds = cmp.Or(limit.IntervalSeconds, 60)
	if limit.Count == 0 {
		beats := ceil(limit.IntervalSeconds, seats.HeartbeatSeconds)
		limit.Count = limit.Devices * (beats + 1)
	}
	if s.RateLimit.BanSeconds == 0 && cmp.Or(s.RateLimit.Action, rule.RateBasedBan) == rule.RateBasedBan {
		interval := cmp.Or(s.RateLimit.IntervalSeconds, 60)
		s.RateLimit.BanSeconds = rule.BanDurations()[0]
		for _, duration := range rule.BanDurations() {
			if duration+interval <= seats.LeaseSeconds {
				s.RateLimit.BanSeconds = max(s.RateLimit.BanSeconds, duration)
			}
		}
	}
	return s
}

// ValidateSeats lists where the limit of heartbeats is too low for the licences: it
// would refuse heartbeats that keep seats. Keys are relative to the settings of the layer.
func (s Settings) ValidateSeats(seats Seats) setting.Problems {
	var problems setting.Problems
	if s.withDefaults().Mode != RateLimited {
		return problems
	}
	seats = seats.withDefaults()
	limit := s.withSeatLimits(seats).Seats
	if !slices.Contains(rule.Intervals(), limit.IntervalSeconds) || limit.Devices < 1 {
		return problems // Validate reports these
	}
	needed := ceil(limit.Devices*limit.IntervalSeconds, seats.HeartbeatSeconds)
	if limit.Count < needed {
		problems.Add("seats.count", limit.Count, fmt.Sprintf(
			"lets one address send %d heartbeats in %d s, but %d devices with a heartbeat each %d s send %d; seats would be lost after %d s",
			limit.Count, limit.IntervalSeconds, limit.Devices, seats.HeartbeatSeconds, needed, seats.LeaseSeconds),
			fmt.Sprintf("at least %d, fewer devices, or a longer lease time", needed))
	}
	if limit.Count > rule.MaxThrottleCount {
		problems.Add("seats.devices", limit.Devices, fmt.Sprintf(
			"devices behind one address with a heartbeat each %d s need a limit of %d in %d s, more than Cloud Armor has",
			seats.HeartbeatSeconds, limit.Count, limit.IntervalSeconds),
			fmt.Sprintf("fewer devices behind one address, or a longer lease time; the limit is %d", rule.MaxThrottleCount))
	}
	return problems
}

func ceil(a, b int) int { return (a + b - 1) / b }

// validate checks the settings that do not depend on the licences.
func (l SeatLimit) validate() setting.Problems {
	var problems setting.Problems
	setting.InRange(&problems, "devices", l.Devices, 0, 1_000_000, "")
	setting.InRange(&problems, "count", l.Count, 0, rule.MaxThrottleCount, "")
	if l.IntervalSeconds != 0 && !slices.Contains(rule.Intervals(), l.IntervalSeconds) {
		problems.Add("intervalSeconds", l.IntervalSeconds, "is not an interval of Cloud Armor", fmt.Sprint(rule.Intervals()))
	}
	return problems
}

// keepsSeat are the requests that keep or give back a seat: POST to a lease's
// heartbeat or release.
const keepsSeat = `request.method == 'POST' && request.path.matches('^/v1/leases/[A-Za-z0-9._~-]+/(heartbeat|release)$')`

// seatRules let heartbeats and releases through at a rate of their own.
func seatRules(settings Settings) []rule.Rule {
	if settings.Mode != RateLimited {
		return nil
	}
	limit := &rule.RateLimit{
		Threshold:     rule.Threshold{Count: settings.Seats.Count, IntervalSeconds: settings.Seats.IntervalSeconds},
		ConformAction: rule.Allow, ExceedAction: settings.RateLimit.ExceedAction,
		Key: settings.RateLimit.Key, KeyName: settings.RateLimit.KeyName, More: settings.RateLimit.More,
	}
	return []rule.Rule{{
		Name: "keep-seats", Priority: seatBand.first, Action: rule.Throttle,
		Description: "Let heartbeats and releases through at a rate of their own",
		Match:       rule.Match{Expression: keepsSeat},
		Preview:     settings.Preview || settings.RateLimit.Preview,
		RateLimit:   limit,
	}}
}

package cloudarmor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

func heartbeat(lease string) func(*cloudarmor.Request) {
	return func(r *cloudarmor.Request) { r.Method, r.Path = "POST", "/v1/leases/"+lease+"/heartbeat" }
}

// office is a number of devices behind one address that keep the documented
// schedule: a heartbeat each heartbeatSeconds, and again after a minute where the
// edge refused one. A seat whose heartbeats do not come through is lost.
type office struct {
	bench
	devices          int
	lease, heartbeat time.Duration
	due, expires     map[int]time.Duration
}

// keep acts for a while in steps of a second, and returns how many seats are left.
func (o *office) keep(t *testing.T, lasting time.Duration, beside func(now time.Duration)) int {
	t.Helper()
	o.due, o.expires = map[int]time.Duration{}, map[int]time.Duration{}
	for device := range o.devices {
		o.due[device], o.expires[device] = time.Duration(device%10)*time.Second, o.lease
	}
	for now := time.Duration(0); now <= lasting; now += time.Second {
		beside(now)
		for device := range o.devices {
			if o.due[device] > now || o.expires[device] < now {
				continue
			}
			o.due[device] = now + time.Minute
			if o.decide(t, get(heartbeat(fmt.Sprintf("lease-%d", device)))).Allowed() {
				o.due[device], o.expires[device] = now+o.heartbeat, now+o.lease
			}
		}
		o.clock.advance(time.Second)
	}
	kept := 0
	for device := range o.devices {
		if o.expires[device] >= lasting {
			kept++
		}
	}
	return kept
}

func TestAnOfficeBehindOneAddressKeepsItsSeats(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		devices int
		seats   policy.Seats
		// beside is what else the address sends in a second.
		beside int
	}{
		"two hundred devices": {200, policy.Seats{}, 0},
		"while the same address floods everything else and is banned there": {200, policy.Seats{}, 20},
		"as many devices as a tenant has seats":                             {700, policy.Seats{Most: 700}, 0},
		"short leases":                                                      {200, policy.Seats{LeaseSeconds: 30}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seats := row.seats
			lease := time.Duration(max(seats.LeaseSeconds, 30)) * time.Second
			if seats.LeaseSeconds == 0 {
				lease = 300 * time.Second
			}
			o := &office{
				bench: standAt(t, unscanned(), policy.Scope{Host: licenseHost, Seats: seats}), devices: row.devices, lease: lease, heartbeat: lease / 3,
			}
			banned := 0
			kept := o.keep(t, 3*lease, func(time.Duration) {
				for range row.beside {
					if step := o.decide(t, get()).Final; step.Rate != nil && step.Rate.Outcome == cloudarmor.RateBanned {
						banned++
					}
				}
			})
			assert.Equal(t, row.devices, kept)
			assert.Equal(t, row.beside > 0, banned > 0, "a flood of other requests is banned")
		})
	}
}

func TestAFloodOfHeartbeatsWithInventedLeasesIsLimited(t *testing.T) {
	t.Parallel()
	bench := stand(t, unscanned())
	passed := 0
	for i := range 5000 {
		decision := bench.decide(t, get(heartbeat(fmt.Sprintf("invented-%d", i))))
		require.Equal(t, 9900, decision.Priority())
		if decision.Allowed() {
			passed++
			continue
		}
		require.Equal(t, 429, decision.StatusCode)
		require.Equal(t, cloudarmor.RateExceed, decision.Final.Rate.Outcome, "an office is throttled, never banned")
	}
	assert.Equal(t, 400, passed, "two hundred devices may send a heartbeat and a release each in a minute")
	assert.True(t, bench.decide(t, get()).Allowed(), "other requests have a count of their own")
}

func TestOnlyHeartbeatsAndReleasesHaveTheirOwnRate(t *testing.T) {
	t.Parallel()
	bench := stand(t, unscanned())
	for path, want := range map[string]int{
		"POST /v1/leases/l_01-a.b~c/heartbeat": 9900, "POST /v1/leases/x/release": 9900,
		"GET /v1/leases/x/heartbeat": 10000, "POST /v1/leases/x/force-release": 10000, "POST /v1/leases/x/y/heartbeat": 10000,
		"POST /v1/licenses/demo/acquire": 10000, "POST /v1/leases//heartbeat": 10000, "POST /x/v1/leases/x/heartbeat": 10000,
		"POST /v1/leases/x/heartbeat/": 10000, "POST /v1/leases/x%2Fy/heartbeat": 10000,
	} {
		var verb, at string
		_, err := fmt.Sscanf(path, "%s %s", &verb, &at)
		require.NoError(t, err)
		assert.Equal(t, want, bench.decide(t, get(func(r *cloudarmor.Request) { r.Method, r.Path = verb, at })).Priority(), path)
	}
}

func TestANetworkOfIPv6AddressesIsOneClient(t *testing.T) {
	t.Parallel()
	passed := func(settings policy.Settings, change ...func(*cloudarmor.Request)) (passed int) {
		bench := stand(t, settings)
		for i := range 130 {
			if bench.decide(t, get(append(change, from(fmt.Sprintf("2001:db8:1:2::%x", i+1)))...)).Allowed() {
				passed++
			}
		}
		return passed
	}
	together, addresses, deny := unscanned(), unscanned(), unscanned()
	addresses.IPv6, deny.IPv6 = "addresses", "deny"
	assert.Equal(t, 100, passed(together))
	assert.Equal(t, 130, passed(together, heartbeat("l")), "an office keeps its seats by IPv6 too")
	assert.Equal(t, 130, passed(addresses))
	assert.Zero(t, passed(deny))
	assert.Equal(t, 1050, stand(t, deny).decide(t, get(from("2001:db8::1"))).Priority())
	assert.True(t, stand(t, deny).decide(t, get(from("::ffff:203.0.113.9"))).Allowed(), "an address of IPv4 in IPv6 is IPv4")
}

func TestSeveralKeysCountByTheirCombination(t *testing.T) {
	t.Parallel()
	settings := unscanned()
	settings.UserIPHeaders = []string{"X-Real-IP"}
	settings.RateLimit = policy.RateLimit{Count: 2, Key: rule.KeyUserIP, More: []rule.NamedKey{{Key: rule.KeyPath}}}
	bench := stand(t, settings)
	for range 2 {
		require.True(t, bench.decide(t, get(with("X-Real-IP", "192.0.2.1"))).Allowed())
	}
	over := bench.decide(t, get(with("X-Real-IP", "192.0.2.1")))
	assert.Equal(t, "192.0.2.1|/health", over.Final.Rate.Key)
	assert.False(t, over.Allowed())
	assert.True(t, bench.decide(t, get(with("X-Real-IP", "192.0.2.1"), at("/ready", ""))).Allowed(), "another path")
	assert.True(t, bench.decide(t, get(with("X-Real-IP", "192.0.2.2"))).Allowed(), "another client")
}

func TestWhatCannotBeEvaluatedIsRefusedByName(t *testing.T) {
	t.Parallel()
	base := func(change map[string]any) map[string]any {
		properties := map[string]any{
			"priority": 8000, "action": "throttle", "match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []string{"*"}}},
			"rateLimitOptions": map[string]any{
				"conformAction": "allow", "exceedAction": "deny(429)", "enforceOnKey": "IP", "rateLimitThreshold": map[string]any{"count": 1, "intervalSec": 60},
			},
		}
		for name, value := range change {
			properties[name] = value
		}
		return properties
	}
	for name, change := range map[string]map[string]any{
		"headerAction":           {"headerAction": map[string]any{"requestHeadersToAdds": []any{}}},
		"redirectOptions":        {"redirectOptions": map[string]any{"type": "GOOGLE_RECAPTCHA"}},
		"match.exprOptions":      {"match": map[string]any{"exprOptions": map[string]any{"recaptchaOptions": map[string]any{}}}},
		"exceedRedirectOptions":  {"rateLimitOptions": map[string]any{"exceedRedirectOptions": map[string]any{"type": "EXTERNAL_302"}}},
		"recaptchaOptionsConfig": nil,
	} {
		if change == nil {
			_, err := cloudarmor.FromResources(map[string]any{"name": "p", name: map[string]any{"redirectSiteKey": "k"}}, nil)
			require.ErrorContains(t, err, name)
			continue
		}
		_, err := cloudarmor.RuleFromResource(base(change))
		require.ErrorContains(t, err, name+" is not evaluated")
	}
	ja3 := base(nil)
	ja3["rateLimitOptions"].(map[string]any)["enforceOnKey"] = "TLS_JA3_FINGERPRINT"
	parsed, err := cloudarmor.RuleFromResource(ja3)
	require.NoError(t, err)
	require.ErrorContains(t, cloudarmor.CheckRule(parsed), "TLS_JA3_FINGERPRINT is not evaluated")
}

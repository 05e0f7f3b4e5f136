package cloudarmor_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/observe/uptime"
)

// TestGooglesCheckersPassFromTheCountriesThatTheCheckUses sends what an uptime
// check sends. Its name of a client holds an address, which a rule could take for
// an attack.
// https://cloud.google.com/monitoring/uptime-checks/using-uptime-checks
func TestGooglesCheckersPassFromTheCountriesThatTheCheckUses(t *testing.T) {
	t.Parallel()
	settings := policy.Settings{}
	policy := stand(t, settings)
	for _, country := range []string{"US", "BE", "SG", "BR"} {
		request := get(at(uptime.Path, ""), in(country))
		request.Headers = http.Header{"User-Agent": {"GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)"}, "Accept-Encoding": {"gzip"}}
		decision := policy.decide(t, request)
		assert.Equal(t, settings.Admits(country), decision.Allowed(), "%s: rule %d, %v", country, decision.Priority(), decision.Final.Signatures)
	}
	assert.Len(t, uptime.Admitted(settings.Admits), uptime.Fewest, "the design's countries let in just enough")
}

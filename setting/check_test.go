package setting_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting"
)

func check(name string, err error, found ...setting.Problem) setting.Check {
	return setting.Check{Name: name, Look: func() (setting.Problems, error) { return found, err }}
}

func TestChecksThatFindNothingPass(t *testing.T) {
	t.Parallel()
	require.NoError(t, setting.Checks{check("dataplane", nil), check("subnet", nil)}.Run(nil, "checks.skip"))
}

func TestEverythingThatWasFoundIsToldTogether(t *testing.T) {
	t.Parallel()
	err := setting.Checks{
		check("subnet", nil, setting.Problem{Key: "network.subnetwork", Value: "s", Why: "has no Private Google Access", Allowed: "another subnet"}),
		check("dataplane", errors.New("may not be read")),
	}.Run(nil, "checks.skip")
	require.ErrorContains(t, err, `check subnet: network.subnetwork = "s": has no Private Google Access; allowed: another subnet`)
	require.ErrorContains(t, err, "check dataplane: may not be read")
	require.ErrorContains(t, err, "checks.skip", "the way around is named")
}

func TestACheckThatIsLeftOutIsNotMade(t *testing.T) {
	t.Parallel()
	asked := false
	left := setting.Check{Name: "subnet", Look: func() (setting.Problems, error) {
		asked = true
		return setting.Problems{{Key: "network.subnetwork"}}, nil
	}}
	require.NoError(t, setting.Checks{left}.Run([]string{"subnet"}, "checks.skip"))
	assert.False(t, asked, "not even a look-up is made, for which the right may be missing")

	err := setting.Checks{left, check("dataplane", errors.New("may not be read"))}.Run([]string{"subnet"}, "checks.skip")
	require.ErrorContains(t, err, "check dataplane: may not be read", "the checks after it are made")
}

func TestWhatSeveralChecksCannotFindIsToldOnceInTheProvidersWords(t *testing.T) {
	t.Parallel()
	missing := errors.New("look up cluster c: rpc error: code = Unknown desc = invocation of gcp:container/getCluster:getCluster returned an error: Error 404: no cluster c")
	err := setting.Checks{check("dataplane", missing), check("subnet", nil), check("nodeAccount", missing)}.Run(nil, "checks.skip")
	require.EqualError(t, err, "the settings do not fit what exists:\n  check dataplane, nodeAccount: look up cluster c: Error 404: no cluster c\n"+
		"To leave a check out, add its name to checks.skip")
}

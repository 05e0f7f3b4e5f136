package network

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestADerivedNameIsOneThatGoogleTakes(t *testing.T) {
	t.Parallel()
	const suffix = "-license-health-checks"
	assert.Equal(t, "coditect-vpc"+suffix, derived("coditect-vpc", suffix), "a name that fits stays")
	form, seen := regexp.MustCompile(`^[a-z][-a-z0-9]{0,61}[a-z0-9]$`), map[string]bool{}
	for length := 1; length <= 63; length++ {
		for _, last := range []string{"a", "b"} {
			name := derived(strings.Repeat("x", length-1)+last, suffix)
			assert.Regexp(t, form, name)
			assert.True(t, strings.HasSuffix(name, suffix))
			assert.False(t, seen[name], "two networks never share a name: %s", name)
			seen[name] = true
		}
	}
}

func TestANameOfJustTheRightLengthIsNotCut(t *testing.T) {
	t.Parallel()
	network := strings.Repeat("n", longestName-len("-router"))
	assert.Equal(t, network+"-router", derived(network, "-router"))
	assert.Len(t, derived(network+"n", "-router"), longestName)
}

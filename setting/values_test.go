package setting_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting"
)

func TestAWordIsOneOfThoseAllowedOrTheNearestIsShown(t *testing.T) {
	t.Parallel()
	var ps setting.Problems
	setting.OneOf(&ps, "tier", "BASIC", "BASIC", "STANDARD_HA")
	assert.Empty(t, ps)
	setting.OneOf(&ps, "tier", "STANDARD", "BASIC", "STANDARD_HA")
	assert.Equal(t, `tier = "STANDARD": is not known; allowed: STANDARD_HA?; one of BASIC, STANDARD_HA`, ps[0].String())
}

func TestANumberIsWithinItsBoundsBothIncluded(t *testing.T) {
	t.Parallel()
	var ps setting.Problems
	for _, value := range []int{1, 7} {
		setting.InRange(&ps, "day", value, 1, 7, "")
	}
	assert.Empty(t, ps)
	setting.InRange(&ps, "day", 0, 1, 7, "(Monday to Sunday)")
	setting.InRange(&ps, "share", 1.1, 0.01, 1, "")
	assert.Equal(t, "day = 0: is out of range; allowed: 1 to 7 (Monday to Sunday)", ps[0].String())
	assert.Equal(t, "share = 1.1: is out of range; allowed: 0.01 to 1", ps[1].String())
}

func TestTextHasItsForm(t *testing.T) {
	t.Parallel()
	var ps setting.Problems
	form := regexp.MustCompile(`^[a-z]+$`)
	setting.Matches(&ps, "name", "abc", form, "lower-case letters")
	assert.Empty(t, ps)
	setting.Matches(&ps, "name", "ABC", form, "lower-case letters")
	assert.Equal(t, `name = "ABC": has the wrong form; allowed: lower-case letters`, ps[0].String())
}

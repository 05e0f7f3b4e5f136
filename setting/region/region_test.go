package region_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting/region"
)

func TestARegionIsKnownOrTheNearestIsNamed(t *testing.T) {
	t.Parallel()
	assert.True(t, slices.IsSorted(region.Known()))
	assert.True(t, region.Exists("us-central1"))
	for _, wrong := range []string{"us-centrl1", "us-central-1", "us-central10", "US-CENTRAL1", "us-central1-a", ""} {
		assert.False(t, region.Exists(wrong), wrong)
	}
	assert.Contains(t, region.Hint("us-centrl1"), "us-central1?; one of africa-south1")
	assert.Contains(t, region.Hint("europa-west4"), "europe-west4?; ")
}

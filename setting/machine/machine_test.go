package machine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting/machine"
)

func TestANameOfAMachineTypeHasAForm(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]bool{"e2-standard-4": true, "e2-medium": true, "n2-custom-4-8192": true, "large": false, "E2-standard-4": false, "e2_standard_4": false, "": false} {
		assert.Equal(t, is, machine.IsName(name), name)
	}
}

func TestTheSeriesTellsProcessorsAndDisks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ arm, hyperdisk bool }{
		"e2-standard-4":     {false, false},
		"n2d-highmem-8":     {false, false},
		"c3-standard-4":     {false, false},
		"custom-4-8192":     {false, false},
		"t2a-standard-2":    {true, false},
		"c4a-standard-4":    {true, true},
		"n4a-standard-4":    {true, true},
		"n4-standard-2":     {false, true},
		"c4-highcpu-8":      {false, true},
		"c4d-standard-8":    {false, true},
		"n4-custom-4-16384": {false, true},
	} {
		assert.Equal(t, c.arm, machine.Arm(name), name)
		assert.Equal(t, c.hyperdisk, machine.Hyperdisk(name), name)
	}
}

// The numbers of e2 are those of GKE's page on node sizes.
func TestANodeHasRoomForPodsAsGKELeavesIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ milliCPU, mebibytes int }{
		"e2-micro":               {940, 668},
		"e2-medium":              {940, 2972},
		"e2-standard-2":          {1930, 6249},
		"e2-standard-4":          {3920, 13622},
		"n2-custom-2-4096":       {1930, 2972},
		"custom-2-4096":          {1930, 2972},
		"n4-custom-4-16384-ext":  {3920, 13622},
		"c3-standard-4-lssd":     {3920, 13622},
		"m1-ultramem-40":         {39830, 0},
		"a2-highgpu-1g":          {0, 0},
		"f1-micro":               {0, 0},
		"e2-custom-medium-4096":  {0, 0},
		"x-standard-99999999999": {0, 0},
	} {
		milliCPU, mebibytes := machine.Allocatable(name)
		assert.Equal(t, c.milliCPU, milliCPU, name)
		assert.Equal(t, c.mebibytes, mebibytes, name)
	}
}

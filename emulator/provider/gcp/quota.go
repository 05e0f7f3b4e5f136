package gcp

import (
	"cmp"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/setting/region"
)

const (
	// newProjectSSD is how many GB of SSD the nodes of a new project may have in a region
	// (https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/1795).
	newProjectSSD = 250
	// bootDiskGB is the default boot disk of a node, on SSD
	// (https://cloud.google.com/kubernetes-engine/docs/how-to/custom-boot-disks).
	bootDiskGB = 100
)

// checkSSD refuses nodes whose boot disks, together with the existing ones, exceed the
// quota of the project.
func (w *Cloud) checkSSD(d *provider.Draft) error {
	wanted, quota := ssd(d.Inputs), cmp.Or(w.SSD, newProjectSSD)
	available := quota
	for _, pool := range w.Store.List(TypeNodePool) {
		available -= ssd(pool.Inputs)
	}
	if available = max(available, 0); wanted <= available {
		return nil
	}
	return apiError(403, `Insufficient regional quota to satisfy request: resource "SSD_TOTAL_GB": request requires '%.1f' and is short '%.1f'. `+
		`project has a quota of '%.1f' with '%.1f' available.`, wanted, wanted-available, quota, available)
}

// ssd is the size of the boot disks of the first nodes of a cluster or of a pool, in GB.
func ssd(inputs provider.Properties) float64 {
	if kind := inputs.Text("nodeConfig.diskType"); kind != "" && kind != "pd-balanced" && kind != "pd-ssd" {
		return 0
	}
	nodes, _ := inputs.Number("initialNodeCount")
	size, _ := inputs.Number("nodeConfig.diskSizeGb")
	zones := 1.0
	if strings.Count(inputs.Text("location"), "-") == 1 {
		zones = region.ClusterZones
	}
	return nodes * zones * cmp.Or(size, bootDiskGB)
}

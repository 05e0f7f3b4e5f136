package gcp

import (
	"context"
	"errors"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/setting/machine"
)

// TypeNodePool is a pool of nodes of a cluster.
const TypeNodePool = "gcp:container/nodePool:NodePool"

func (w *Cloud) nodePool() provider.Kind {
	return provider.Kind{
		Type: TypeNodePool, NameProperty: "name",
		Decided:  []string{"nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"},
		Computed: []string{"instanceGroupUrls", "managedInstanceGroupUrls", "operation", "version"},
		ID: func(d *provider.Draft) string {
			place := d.Inputs.Text("location")
			if place == "" {
				place = d.Region()
			}
			return "projects/" + d.Project() + "/locations/" + place + "/clusters/" + last(d.Inputs.Text("cluster")) + "/nodePools/" + d.Inputs.Text("name")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			if err := errors.Join(w.checkSSD(d), checkBootDisk(d)); err != nil && !d.Exists {
				return err
			}
			fallback(d, "version", "1.33.5-gke.1162000")
			decideNodes(d)
			d.Outputs["instanceGroupUrls"], d.Outputs["managedInstanceGroupUrls"] = []any{}, []any{}
			return nil
		},
	}
}

// checkBootDisk refuses a kind of disk that the nodes' machines do not take, in the words of
// https://github.com/astronomer/astronomer/issues/2463 and
// https://github.com/rancher/harvester-cloud/issues/249.
func checkBootDisk(d *provider.Draft) error {
	disk, name := d.Inputs.Text("nodeConfig.diskType"), d.Inputs.Text("nodeConfig.machineType")
	switch hyperdisk := machine.Hyperdisk(name); {
	case hyperdisk && strings.HasPrefix(disk, "pd-"):
		return apiError(400, "[%s, %s] features are not compatible for creating instance.", disk, name)
	case !hyperdisk && strings.HasPrefix(name, "e2-") && strings.HasPrefix(disk, "hyperdisk-"):
		return apiError(400, "%s disk type cannot be used by %s machine type., badRequest", disk, name)
	}
	return nil
}

// decideNodes adds what GKE decides itself: every pool has settings of its kubelet
// (https://github.com/GoogleCloudPlatform/magic-modules/pull/11971) and a label for how its
// nodes are paid (https://github.com/GoogleCloudPlatform/magic-modules/pull/12877).
func decideNodes(d *provider.Draft) {
	config := with(d.Inputs.Object("nodeConfig"), "resourceLabels", with(d.Inputs.Object("nodeConfig.resourceLabels"), "goog-gke-node-pool-provisioning-model", "on-demand"))
	if config["kubeletConfig"] == nil {
		config["kubeletConfig"] = map[string]any{"cpuManagerPolicy": "", "cpuCfsQuota": false, "podPidsLimit": 0.0}
	}
	d.Outputs["nodeConfig"] = config
}

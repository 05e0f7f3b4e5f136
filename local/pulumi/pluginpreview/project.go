package pluginpreview

import (
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"
)

// project is what a stack's settings say of the project that it is deployed to.
type project struct {
	Platform struct {
		Project string `json:"project"`
	} `json:"license-platform:platform"`
	Network struct {
		Name                         string   `json:"name"`
		Subnetwork                   string   `json:"subnetwork"`
		PrivateServicesRangeName     string   `json:"privateServicesRangeName"`
		StayingPrivateServicesRanges []string `json:"stayingPrivateServicesRanges"`
		EdgeAddress                  struct {
			Name  string `json:"name"`
			Adopt bool   `json:"adopt"`
		} `json:"edgeAddress"`
	} `json:"license-platform:network"`
	Kubernetes struct {
		NetworkPolicies struct {
			Dataplane string `json:"dataplane"`
		} `json:"networkPolicies"`
	} `json:"license-platform:kubernetes"`
	Identity struct {
		NodeAccount string `json:"nodeAccount"`
	} `json:"license-platform:identity"`
}

func readProject(stack string, settings []byte) (project, error) {
	var file struct {
		Config project `json:"config"`
	}
	if err := yaml.Unmarshal(settings, &file); err != nil {
		return project{}, fmt.Errorf("read Pulumi.%s.yaml: %w", stack, err)
	}
	return file.Config, nil
}

func (s project) network() string { return "projects/p/global/networks/" + s.Network.Name }

// datapath is Google's word for the dataplane.
func (s project) datapath() string {
	if s.Kubernetes.NetworkPolicies.Dataplane == "calico" {
		return ""
	}
	return "ADVANCED_DATAPATH"
}

// makes tells whether the name belongs to an address that the stack creates.
func (s project) makes(name string) bool {
	return name == s.Network.EdgeAddress.Name && !s.Network.EdgeAddress.Adopt
}

// reserves tells whether the name belongs to a range for managed services.
func (s project) reserves(name string) bool {
	return name != "" && (name == s.Network.PrivateServicesRangeName || slices.Contains(s.Network.StayingPrivateServicesRanges, name))
}

// ranges lists these ranges as the Compute API does.
func (s project) ranges() []any {
	listed := []any{}
	for _, name := range append([]string{s.Network.PrivateServicesRangeName}, s.Network.StayingPrivateServicesRanges...) {
		if name != "" {
			listed = append(listed, map[string]any{"name": name, "purpose": "VPC_PEERING"})
		}
	}
	return listed
}

package cluster

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/machine"
)

// nodePoolArgs declares shielded nodes with an account of their own, whose disks
// are encrypted with our key. The nodes' roles, not the OAuth scope, limit what
// the account may do.
func nodePoolArgs(args *Args, cluster pulumi.StringInput) *container.NodePoolArgs {
	s := args.Settings
	on := pulumi.Bool(true)
	return &container.NodePoolArgs{
		Name:             pulumi.String("license-api"),
		Cluster:          cluster,
		Location:         pulumi.String(s.Location),
		InitialNodeCount: pulumi.Int(s.MinNodes),
		Autoscaling: container.NodePoolAutoscalingArgs{
			MinNodeCount: pulumi.Int(s.MinNodes), MaxNodeCount: pulumi.Int(s.MaxNodes), LocationPolicy: pulumi.String("BALANCED"),
		},
		Management: container.NodePoolManagementArgs{AutoRepair: on, AutoUpgrade: on},
		// A node leaves only after its successor has come.
		UpgradeSettings: container.NodePoolUpgradeSettingsArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
		NetworkConfig:   container.NodePoolNetworkConfigArgs{EnablePrivateNodes: on},
		NodeConfig: container.NodePoolNodeConfigArgs{
			MachineType:    pulumi.String(s.MachineType),
			ImageType:      pulumi.String("COS_CONTAINERD"),
			DiskSizeGb:     pulumi.Int(s.DiskGB),
			DiskType:       pulumi.String(s.diskType()),
			BootDiskKmsKey: args.DiskKey.ToStringOutput().ToStringPtrOutput(),
			ServiceAccount: args.NodeEmail.ToStringOutput().ToStringPtrOutput(),
			OauthScopes:    pulumi.ToStringArray([]string{"https://www.googleapis.com/auth/cloud-platform"}),
			ShieldedInstanceConfig: container.NodePoolNodeConfigShieldedInstanceConfigArgs{
				EnableSecureBoot: on, EnableIntegrityMonitoring: on,
			},
			WorkloadMetadataConfig: container.NodePoolNodeConfigWorkloadMetadataConfigArgs{Mode: pulumi.String("GKE_METADATA")},
			Metadata:               pulumi.StringMap{"disable-legacy-endpoints": pulumi.String("true")},
		},
	}
}

// diskType is the kind of boot disk that the nodes' machines take: "[pd-balanced,
// c4-standard-16] features are not compatible for creating instance"
// (https://github.com/astronomer/astronomer/issues/2463).
func (s Settings) diskType() string {
	if machine.Hyperdisk(s.MachineType) {
		return "hyperdisk-balanced"
	}
	return "pd-balanced"
}

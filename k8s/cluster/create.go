package cluster

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// create declares a hardened cluster: private nodes, Dataplane V2, Workload
// Identity, keys of our own, nothing legacy
// (https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster).
func create(ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource) (access, error) {
	s := args.Settings
	declared, err := container.NewCluster(ctx, name, clusterArgs(args),
		pulumi.Parent(parent), pulumi.DependsOn(args.DependsOn), pulumi.Protect(s.Protected()),
		pulumi.IgnoreChanges(decidedOfCluster()))
	if err != nil {
		return access{}, err
	}
	pool, err := container.NewNodePool(ctx, name, nodePoolArgs(args, declared.Name),
		pulumi.Parent(parent), pulumi.DependsOn(args.DependsOn), pulumi.IgnoreChanges(decidedOfNodes()), s.nodesTimeouts())
	if err != nil {
		return access{}, err
	}
	resources := []pulumi.Resource{declared, pool}
	if !args.Settings.KeepImagePolicy {
		images, err := declareAdmission(ctx, name, args, parent)
		if err != nil {
			return access{}, err
		}
		resources = append(resources, images)
	}
	return access{
		// What runs in the cluster needs its nodes, so the kubeconfig comes after
		// the pool.
		name:      pool.Cluster,
		endpoint:  declared.Endpoint,
		ca:        declared.MasterAuth.ClusterCaCertificate().Elem(),
		member:    declared.Fleet.Membership().Elem(),
		resources: resources,
	}, nil
}

// decidedOfCluster are properties that GKE decides in the end. It resizes and upgrades the
// nodes that it made the cluster with. The encryption of all objects has another name than
// that of Secrets only, which is the only one that the provider (v5.42) knows
// (https://github.com/GoogleCloudPlatform/magic-modules/pull/17206).
func decidedOfCluster() []string {
	return []string{"databaseEncryption.state", "initialNodeCount", "nodeConfig"}
}

// decidedOfNodes are properties that GKE fills in for every pool and that the provider
// (v5.42) would take away again, which GKE refuses
// (https://github.com/GoogleCloudPlatform/magic-modules/pull/11971,
// https://github.com/GoogleCloudPlatform/magic-modules/pull/12877).
func decidedOfNodes() []string {
	return []string{"initialNodeCount", "nodeConfig.kubeletConfig", "nodeConfig.resourceLabels"}
}

// description tells a cluster that a stack made from others.
const description = "Runs the license API"

// firstDiskGB is the size of a boot disk in the first pool, which the platform's pods never
// use.
const firstDiskGB = 30

func clusterArgs(args *Args) *container.ClusterArgs {
	s := args.Settings
	on, off := pulumi.Bool(true), pulumi.Bool(false)
	var fleet container.ClusterFleetPtrInput
	if s.ConnectGateway {
		fleet = container.ClusterFleetArgs{Project: pulumi.String(args.Project)}
	}
	return &container.ClusterArgs{
		Fleet:              fleet,
		Name:               pulumi.String(s.Name),
		Description:        pulumi.String(description),
		Location:           pulumi.String(s.Location),
		DeletionProtection: pulumi.Bool(s.Protected()),
		ReleaseChannel:     container.ClusterReleaseChannelArgs{Channel: pulumi.String(s.channel())},

		Network:        args.NetworkID.ToStringOutput().ToStringPtrOutput(),
		Subnetwork:     args.SubnetworkID.ToStringOutput().ToStringPtrOutput(),
		NetworkingMode: pulumi.String("VPC_NATIVE"),
		IpAllocationPolicy: container.ClusterIpAllocationPolicyArgs{
			ClusterSecondaryRangeName:  pulumi.String(args.PodsRangeName),
			ServicesSecondaryRangeName: pulumi.String(args.ServicesRangeName),
		},
		PrivateClusterConfig: container.ClusterPrivateClusterConfigArgs{
			EnablePrivateNodes:    on,
			EnablePrivateEndpoint: pulumi.Bool(s.PrivateEndpoint),
			MasterIpv4CidrBlock:   pulumi.String(s.ControlPlaneRange),
		},
		MasterAuthorizedNetworksConfig: authorizedNetworks(s.AuthorizedNetworks),

		// Dataplane V2 enforces NetworkPolicy by itself; GKE refuses it together
		// with the networkPolicy block, which is Calico.
		DatapathProvider:          pulumi.String("ADVANCED_DATAPATH"),
		EnableIntranodeVisibility: on,
		// Every new cluster has it, and the provider (v5.42) replaces a cluster that has it
		// while its program does not say so
		// (https://github.com/hashicorp/terraform-provider-google/issues/24718).
		EnableL4IlbSubsetting: on,
		AddonsConfig: container.ClusterAddonsConfigArgs{
			DnsCacheConfig:           container.ClusterAddonsConfigDnsCacheConfigArgs{Enabled: on},
			HttpLoadBalancing:        container.ClusterAddonsConfigHttpLoadBalancingArgs{Disabled: off},
			HorizontalPodAutoscaling: container.ClusterAddonsConfigHorizontalPodAutoscalingArgs{Disabled: off},
		},

		WorkloadIdentityConfig: container.ClusterWorkloadIdentityConfigArgs{WorkloadPool: pulumi.String(args.Project + ".svc.id.goog")},
		DatabaseEncryption: container.ClusterDatabaseEncryptionArgs{
			State: pulumi.String("ENCRYPTED"), KeyName: args.SecretsKey.ToStringOutput().ToStringPtrOutput(),
		},
		BinaryAuthorization: container.ClusterBinaryAuthorizationArgs{EvaluationMode: pulumi.String("PROJECT_SINGLETON_POLICY_ENFORCE")},
		EnableShieldedNodes: on,
		EnableLegacyAbac:    off,
		MasterAuth: container.ClusterMasterAuthArgs{
			ClientCertificateConfig: container.ClusterMasterAuthClientCertificateConfigArgs{IssueClientCertificate: off},
		},
		SecurityPostureConfig: container.ClusterSecurityPostureConfigArgs{Mode: pulumi.String("BASIC")},

		LoggingConfig: container.ClusterLoggingConfigArgs{EnableComponents: pulumi.ToStringArray([]string{
			"SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER",
		})},
		MonitoringConfig: container.ClusterMonitoringConfigArgs{
			EnableComponents:  pulumi.ToStringArray([]string{"SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"}),
			ManagedPrometheus: container.ClusterMonitoringConfigManagedPrometheusArgs{Enabled: on},
		},

		// The default pool exists for a moment only; its one node per zone must
		// obey the same rules, or an organisation's policy refuses the cluster. GKE would
		// give each node 100 GB of SSD, and a new project may have 250 GB
		// (https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/1795).
		RemoveDefaultNodePool: on,
		InitialNodeCount:      pulumi.Int(1),
		NodeConfig: container.ClusterNodeConfigArgs{
			ServiceAccount: args.NodeEmail.ToStringOutput().ToStringPtrOutput(),
			DiskType:       pulumi.String("pd-standard"),
			DiskSizeGb:     pulumi.Int(firstDiskGB),
			BootDiskKmsKey: args.DiskKey.ToStringOutput().ToStringPtrOutput(),
			OauthScopes:    pulumi.ToStringArray([]string{"https://www.googleapis.com/auth/cloud-platform"}),
			ShieldedInstanceConfig: container.ClusterNodeConfigShieldedInstanceConfigArgs{
				EnableSecureBoot: on, EnableIntegrityMonitoring: on,
			},
			WorkloadMetadataConfig: container.ClusterNodeConfigWorkloadMetadataConfigArgs{Mode: pulumi.String("GKE_METADATA")},
		},
	}
}

// authorizedNetworks is declared even when empty: absent, it would open the
// control plane to the internet.
func authorizedNetworks(networks []AuthorizedNetwork) container.ClusterMasterAuthorizedNetworksConfigArgs {
	blocks := container.ClusterMasterAuthorizedNetworksConfigCidrBlockArray{}
	for _, network := range networks {
		blocks = append(blocks, container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs{
			CidrBlock: pulumi.String(network.CIDR), DisplayName: pulumi.String(network.Name),
		})
	}
	return container.ClusterMasterAuthorizedNetworksConfigArgs{
		CidrBlocks: blocks, GcpPublicCidrsAccessEnabled: pulumi.Bool(false),
	}
}

package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/app/googlename"
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/k8s/namespace"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/network"
)

func (d *deployment) inCluster() pulumi.ResourceOption { return pulumi.Providers(d.kubernetes) }

// isolation declares the namespace and its NetworkPolicies, before any pod.
func (d *deployment) isolation() (err error) {
	s := d.settings
	if d.namespace, err = namespace.New(d.ctx, "namespace", s.Kubernetes.Namespace, pulumi.Provider(d.kubernetes)); err != nil {
		return err
	}
	args := &isolation.Args{
		Settings:  s.Kubernetes.NetworkPolicies,
		Namespace: d.namespace, OwnNamespace: s.Kubernetes.Namespace.Create,
		API: workload.APIName, Migration: workload.MigrationName,
		HTTPPort: workload.HTTPPort, MetricsPort: workload.MetricsPort,
		FrontEndRanges:       network.HealthCheckRanges(),
		PrivateServicesRange: d.net.PrivateServicesRange,
		DatabasePort:         connectorPort,
		RedisPort:            d.dataStores.RedisPort, GoogleAPIs: s.googleAPIs(),
	}
	if s.Kubernetes.NetworkPolicies.Dataplane == isolation.Calico {
		args.DNSAddress = d.gke.DNSAddress()
	}
	policies, err := isolation.New(d.ctx, "isolation", args, d.inCluster())
	if err != nil {
		return err
	}
	d.isolated = policies.Resources
	return nil
}

func (d *deployment) workload() (err error) {
	s := d.settings
	staffSecret := ""
	if s.Kubernetes.Ingress.Staff.Enabled {
		staffSecret = s.Kubernetes.Ingress.Staff.OAuthSecret
	}
	d.api, err = workload.New(d.ctx, "workload", &workload.Args{
		Settings: s.API, Namespace: d.namespace, Image: d.reference,
		APIEmail: d.serviceAccounts.APIEmail, MigrationEmail: d.serviceAccounts.MigrationEmail,
		Environment:          apiEnvironment(s, d.cmek, d.dataStores),
		MigrationEnvironment: migrationEnvironment(s, d.dataStores, d.serviceAccounts.TenantIDs),
		GoogleAddresses:      s.Network.AliasAddresses(),
		GoogleNames:          googlename.Serve(), MigrationGoogleNames: googlename.Migrate(),
		SecurityPolicyName: d.policy.Name, StaffSecretName: staffSecret,
		Before: append(append([]pulumi.Resource{}, d.isolated...), d.allowed...),
	}, d.inCluster())
	return err
}

func (d *deployment) ingress() (err error) {
	s := d.settings
	d.edge, err = ingress.New(d.ctx, "ingress", &ingress.Args{
		Settings: s.Kubernetes.Ingress, Namespace: d.namespace,
		Domain: s.Platform.Domain, LicenseHost: s.Platform.LicenseHost(),
		LicenseService: d.api.ServiceName, StaffService: d.api.StaffServiceName, ServicePort: workload.ServicePort,
		EdgeAddressName: d.net.EdgeAddressName, SSLPolicyName: d.net.SSLPolicyName,
		After: d.api.Ready,
	}, d.inCluster())
	return err
}

package stack

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/coditect-ai/license-platform/armor"
	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/identity"
	"github.com/coditect-ai/license-platform/k8s/cluster"
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/network"
	"github.com/coditect-ai/license-platform/observe"
)

// answerTime is how long Google may take to say where an adopted cluster is.
const answerTime = 2 * time.Minute

// deployment is one run of the program: each step fills in what the later ones
// take from it.
type deployment struct {
	ctx      *pulumi.Context
	program  Program
	settings Settings
	secrets  secrets

	// enabling is the provider that enables the APIs, and that checks ask with.
	enabling, provider *gcp.Provider
	services           services
	kubernetes         *kubernetes.Provider
	// unreachable says why the adopted cluster cannot be asked.
	unreachable error

	net             *network.Network
	cmek            *data.Keys
	serviceAccounts *identity.Accounts
	dataStores      *data.Stores
	gke             *cluster.Cluster
	reference       pulumi.StringOutput
	allowed         []pulumi.Resource
	namespace       pulumi.StringOutput
	isolated        []pulumi.Resource
	policy          *armor.SecurityPolicy
	api             *workload.Workload
	edge            *ingress.Ingress
	observability   *observe.Observability
}

func (d *deployment) inGoogle() pulumi.ResourceOption { return pulumi.Providers(d.provider) }

// provide declares the providers that need no enabled API.
func (d *deployment) provide() (err error) {
	s := d.settings
	if d.enabling, err = googleProvider(d.ctx, "gcp-services", s.Platform); err != nil || !s.Kubernetes.Cluster.Adopt {
		return err
	}
	// An adopted cluster is there already, so it can be asked before anything is
	// declared. Its provider is declared only once it is found: when the inputs of a
	// resource fail, the SDK drops the program's own error
	// (https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/pulumi/run.go, RunWithContext).
	kubeconfig := cluster.ExistingKubeconfig(d.ctx, s.Kubernetes.Cluster, s.Platform.Project, pulumi.Provider(d.enabling))
	wait, cancel := context.WithTimeout(d.ctx.Context(), answerTime)
	defer cancel()
	if _, d.unreachable = internals.UnsafeAwaitOutput(wait, kubeconfig); d.unreachable != nil {
		return nil
	}
	d.kubernetes, err = kubernetesProvider(d.ctx, s, kubeconfig)
	return err
}

// google enables the APIs with a provider of their own; the one that everything
// else is declared with comes after them.
func (d *deployment) google() (err error) {
	if d.services, err = enableServices(d.ctx, d.settings.Platform.Project, d.settings.requiredServices(), d.enabling); err != nil {
		return err
	}
	d.provider, err = googleProvider(d.ctx, "gcp", d.settings.Platform, d.services.enabled...)
	return err
}

func (d *deployment) network() (err error) {
	s := d.settings
	d.net, err = network.New(d.ctx, "network", &network.Args{
		Settings: s.Network, Project: s.Platform.Project, Region: s.Platform.Region, Services: d.services.enabled, Asking: d.enabling,
	}, d.inGoogle())
	return err
}

func (d *deployment) keys() (err error) {
	s := d.settings
	d.cmek, err = data.NewKeys(d.ctx, "keys", &data.KeysArgs{
		Settings: s.Data, Project: s.Platform.Project, Region: s.Platform.Region,
		ProjectNumber: d.services.projectNumber, Services: d.services.enabled, Asking: d.enabling, AdoptsCluster: s.Kubernetes.Cluster.Adopt,
	}, d.inGoogle())
	return err
}

func (d *deployment) accounts() (err error) {
	s := d.settings
	d.serviceAccounts, err = identity.NewAccounts(d.ctx, "accounts", &identity.AccountsArgs{
		Settings: s.Identity, Project: s.Platform.Project, Namespace: s.Kubernetes.Namespace.Name,
		APIServiceAccount: workload.APIName, MigrationServiceAccount: workload.MigrationName, Services: d.services.enabled,
	}, d.inGoogle())
	return err
}

func (d *deployment) stores() (err error) {
	s := d.settings
	d.dataStores, err = data.NewStores(d.ctx, "stores", &data.StoresArgs{
		Settings: s.Data, Project: s.Platform.Project, Region: s.Platform.Region,
		NetworkID: d.net.NetworkID, PrivateServicesRangeName: d.net.PrivateServicesRangeName, PrivateServices: d.net.PrivateServices,
		Keys: d.cmek, APIEmail: d.serviceAccounts.APIEmail, MigrationEmail: d.serviceAccounts.MigrationEmail,
		MigrationPassword: d.secrets.migrationPassword,
	}, d.inGoogle())
	return err
}

func (d *deployment) cluster() (err error) {
	s := d.settings
	if d.gke, err = cluster.New(d.ctx, "cluster", &cluster.Args{
		Settings: s.Kubernetes.Cluster, Project: s.Platform.Project,
		NetworkID: d.net.NetworkID, SubnetworkID: d.net.SubnetworkID,
		PodsRangeName: d.net.PodsRangeName, ServicesRangeName: d.net.ServicesRangeName,
		NodeEmail: d.serviceAccounts.NodeEmail, SecretsKey: d.cmek.Cluster, DiskKey: d.cmek.Disks,
		ImagePattern: s.imagePattern(d.dataStores.RegistryRepository), DependsOn: d.services.enabled,
	}, d.inGoogle()); err != nil {
		return err
	}
	if d.kubernetes == nil {
		d.kubernetes, err = kubernetesProvider(d.ctx, s, d.gke.Kubeconfig)
	}
	return err
}

func (d *deployment) image() (err error) {
	d.reference, err = d.program.apiImage(d.ctx, d.settings, d.dataStores.RegistryRepository)
	return err
}

// grants come after the stores they are for, and the bindings of Workload
// Identity after the cluster that makes their pool.
func (d *deployment) grants() error {
	s := d.settings
	grants, err := identity.NewGrants(d.ctx, "grants", &identity.GrantsArgs{
		Settings: s.Identity, Project: s.Platform.Project, Region: s.Platform.Region,
		APIEmail: d.serviceAccounts.APIEmail, MigrationEmail: d.serviceAccounts.MigrationEmail, NodeEmail: d.serviceAccounts.NodeEmail,
		SigningKeyID: d.cmek.SigningKeyID, SQLInstanceName: d.dataStores.SQLInstanceName,
		RedisAuthSecretID: d.dataStores.RedisAuthSecretID, MigrationPasswordSecretID: d.dataStores.MigrationPasswordSecretID,
		RegistryRepository: d.dataStores.RegistryRepository, CreatesCluster: !s.Kubernetes.Cluster.Adopt,
	}, d.inGoogle())
	if err != nil {
		return err
	}
	pods, err := identity.NewWorkloadIdentity(d.ctx, "workload-identity", &identity.WorkloadIdentityArgs{
		Accounts: d.serviceAccounts, Pool: d.gke.Resources,
	}, d.inGoogle())
	if err != nil {
		return err
	}
	d.allowed = append(append(d.allowed, grants.Resources...), pods.Resources...)
	return nil
}

func (d *deployment) armor() (err error) {
	s := d.settings
	d.policy, err = armor.New(d.ctx, "armor", &armor.Args{
		Settings: s.Armor, Lockdown: s.Platform.Lockdown, Host: s.Platform.LicenseHost(), StaffHost: s.staffHost(), Project: s.Platform.Project,
		Seats: s.seats(),
	}, d.inGoogle())
	if err != nil {
		return fmt.Errorf("declare the security policy: %w", err)
	}
	return nil
}

func (d *deployment) observe() (err error) {
	s := d.settings
	d.observability, err = observe.New(d.ctx, "observe", &observe.Args{
		Settings: s.Observe, Project: s.Platform.Project, SharedProject: s.shared(), Region: s.Platform.Region, LogsKeyID: d.cmek.Logs,
		Namespace: s.Kubernetes.Namespace.Name, Host: s.Platform.LicenseHost(), SQLInstanceName: d.dataStores.SQLInstanceName,
		SecurityPolicy: cmp.Or(s.Armor.Name, policy.DefaultName), Redis: data.RedisName, KeyRing: d.cmek.RingName, Secrets: data.SecretNames(),
		Backend: s.backend(), Container: workload.APIName, Edge: []pulumi.Resource{d.edge}, AdmitsCountry: s.Armor.Admits,
		PagerDutyKey: d.secrets.pagerDuty, Services: d.services.enabled, Asking: d.enabling, Workload: d.api.Measured,
	}, d.inGoogle())
	return err
}

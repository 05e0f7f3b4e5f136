package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/dataplane"
	"github.com/coditect-ai/license-platform/local/cluster/kubelet"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/google/cloudsql"
)

// network makes the pods' network, in which the declared NetworkPolicies hold.
func (d *Daemon) openNetwork() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program that runs in the pods' networks: %w", err)
	}
	d.network = dataplane.New(dataplane.Config{
		Supervisor: d.supervisor, Shim: program, Log: d.log,
		Rules: d.networkRules, Services: d.networkServices,
		Pods: func() []kubelet.Pod { return d.kubelet.Pods() },
		Environment: func(pod kubelet.Pod, sharesNetwork bool) []string {
			if sharesNetwork {
				return []string{metadata.VariableOfSharedAddress(d.options.Plan.Metadata(), pod.IP)}
			}
			return []string{metadata.Variable()}
		},
	})
	return nil
}

// runNetwork keeps the network in step with what is declared and with the pods.
func (d *Daemon) runNetwork(ctx context.Context, group *errgroup.Group) {
	stops := []func(){d.store.Subscribe(d.network.Changed), d.kubelet.Subscribe(d.network.Changed)}
	d.network.Changed() // pods have joined before
	group.Go(func() error {
		defer func() {
			for _, stop := range stops {
				stop()
			}
		}()
		return d.network.Run(ctx)
	})
}

// networkRules reads the policies, and the namespaces that they select.
func (d *Daemon) networkRules() (dataplane.Rules, error) {
	rules := dataplane.Rules{Namespaces: map[string]map[string]string{}, BlocksMatchPods: d.withoutDataplaneV2()}
	for _, r := range d.store.List(kubernetes.TypeNetworkPolicy) {
		var policy networkingv1.NetworkPolicy
		if err := object(r, &policy); err != nil {
			return dataplane.Rules{}, err
		}
		rules.Policies = append(rules.Policies, policy)
	}
	for _, r := range d.store.List(kubernetes.TypeNamespace) {
		var namespace corev1.Namespace
		if err := object(r, &namespace); err != nil {
			return dataplane.Rules{}, err
		}
		rules.Namespaces[namespace.Name] = namespace.Labels
	}
	return rules, nil
}

// object decodes a Kubernetes object; what the IDE has is known by its inputs.
func object(r store.Resource, into any) error {
	properties := map[string]any{}
	for _, known := range []map[string]any{r.Inputs, r.Outputs} {
		for name, value := range known {
			properties[name] = value
		}
	}
	text, err := json.Marshal(properties)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s %s cannot be read: %w", r.Type, r.ID, err)
	}
	return nil
}

// withoutDataplaneV2 tells whether the cluster enforces policies by Calico, which
// takes pods for the addresses that they have
// (https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2).
func (d *Daemon) withoutDataplaneV2() bool {
	for _, r := range d.store.List(gcp.TypeCluster) {
		if provider.Properties(r.Outputs).Text("datapathProvider") == "ADVANCED_DATAPATH" {
			return false
		}
	}
	return true
}

// networkServices are what pods can attempt to reach besides each other.
func (d *Daemon) networkServices() []dataplane.Service {
	plan := d.options.Plan
	services := append(d.clusterServices(),
		dataplane.Service{Name: "Cloud KMS", Address: plan.KMS()},
		dataplane.Service{Name: "Secret Manager", Address: plan.SecretManager()},
		dataplane.Service{Name: "the Cloud SQL Admin API", Address: plan.SQLAdmin()},
		dataplane.Service{Name: "Identity Platform's public keys", Address: plan.Identity()},
		dataplane.Service{Name: "Artifact Registry", Address: plan.Registry()},
	)
	for _, r := range d.store.List(gcp.TypeDatabaseInstance, gcp.TypeRedisInstance) {
		outputs := provider.Properties(r.Outputs)
		host, kind, ports := outputs.Text("privateIpAddress"), "Cloud SQL", []uint16{databasePort, cloudsql.Port}
		if r.Type == gcp.TypeRedisInstance {
			port, _ := outputs.Number("port")
			host, kind, ports = outputs.Text("host"), "Memorystore", []uint16{uint16(port)}
		}
		address, err := netip.ParseAddr(host)
		if err != nil {
			continue
		}
		for _, port := range ports {
			services = append(services, dataplane.Service{Name: kind + " " + outputs.Text("name"), Address: netip.AddrPortFrom(address, port)})
		}
	}
	return services
}

// databasePort is where Cloud SQL's PostgreSQL listens, besides the proxy before it.
const databasePort = 5432

package gcp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// controlPlaneBits is the length of the network of a private control plane.
const controlPlaneBits = 28

var errProtected = errors.New("cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion")

// TypeCluster is a GKE cluster.
const TypeCluster = "gcp:container/cluster:Cluster"

func clusterID(d *provider.Draft) string {
	place := d.Inputs.Text("location")
	if place == "" {
		place = d.Region()
	}
	return "projects/" + d.Project() + "/locations/" + place + "/clusters/" + d.Inputs.Text("name")
}

func (w *Cloud) cluster() provider.Kind {
	return provider.Kind{
		Type: TypeCluster, NameProperty: "name", ID: clusterID,
		Replaces: either(disabled("enableL4IlbSubsetting"), disabled("enableFqdnNetworkPolicy")),
		Decided:  []string{"enableL4IlbSubsetting", "databaseEncryption.state", "securityPostureConfig.vulnerabilityMode"},
		Computed: []string{"endpoint", "masterVersion", "selfLink", "servicesIpv4Cidr", "clusterIpv4Cidr", "labelFingerprint", "operation", "tpuIpv4CidrBlock"},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			if d.Inputs.Text("datapathProvider") == "ADVANCED_DATAPATH" && d.Inputs.True("networkPolicy.enabled") {
				failures = append(failures, provider.Refuse("networkPolicy", "Error 400: Enabling NetworkPolicy for clusters with DatapathProvider=ADVANCED_DATAPATH is not allowed"))
			}
			if d.Inputs.True("enableAutopilot") && d.Inputs.True("removeDefaultNodePool") {
				failures = append(failures, provider.Refuse("removeDefaultNodePool", `"remove_default_node_pool": conflicts with enable_autopilot`))
			}
			if block := d.Inputs.Text("privateClusterConfig.masterIpv4CidrBlock"); block != "" {
				if parsed, err := netip.ParsePrefix(block); err != nil || parsed.Bits() != controlPlaneBits {
					failures = append(failures, provider.Refuse("privateClusterConfig.masterIpv4CidrBlock", `expected "private_cluster_config.0.master_ipv4_cidr_block" to contain a network Value with between %d and %d significant bits, got: %s`, controlPlaneBits, controlPlaneBits, block))
				}
			}
			failures = append(failures, checkControlPlane(d)...)
			const key = "databaseEncryption.keyName"
			return append(failures, checkKeyPlace(key, d.Inputs.Text(key), regionOf(d.Inputs.Text("location")))...)
		},
		Refusal: func(r store.Resource) error {
			if protected, given := r.Inputs["deletionProtection"].(bool); !given || protected {
				return errProtected
			}
			return nil
		},
		Remove: func(context.Context, store.Resource) error { return w.removeObjects() },
		Compute: func(_ context.Context, d *provider.Draft) error {
			if err := errors.Join(w.checkSSD(d), w.checkClusterRanges(d)); err != nil && !d.Exists {
				return err
			}
			w.describeCluster(d)
			decideCluster(d)
			return w.checkKey("container-engine-robot", d.Inputs.Text("databaseEncryption.keyName"))
		},
	}
}

// removeObjects takes away what the stack has in its cluster, which goes with the cluster.
func (w *Cloud) removeObjects() error {
	for _, r := range w.Store.List() {
		if r.URN == "" || !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		if err := w.Store.Delete(r.Type, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// decideCluster adds what GKE decides itself: every new cluster has subsetting for internal load
// balancers (https://github.com/hashicorp/terraform-provider-google/issues/24718), encrypts all
// objects where Secrets are to be encrypted
// (https://github.com/GoogleCloudPlatform/magic-modules/pull/17206), and scans no workloads for
// vulnerabilities any more
// (https://cloud.google.com/kubernetes-engine/docs/deprecations/posture-management-deprecation).
func decideCluster(d *provider.Draft) {
	d.Outputs["enableL4IlbSubsetting"] = true
	if d.Inputs.Text("databaseEncryption.state") == "ENCRYPTED" {
		d.Outputs["databaseEncryption"] = with(d.Inputs.Object("databaseEncryption"), "state", "ALL_OBJECTS_ENCRYPTION_ENABLED")
	}
	if d.Inputs.Has("securityPostureConfig") {
		d.Outputs["securityPostureConfig"] = with(d.Inputs.Object("securityPostureConfig"), "vulnerabilityMode", "VULNERABILITY_DISABLED")
	}
}

// regionOf is the region that a zone lies in, or the region itself.
func regionOf(place string) string {
	if parts := strings.Split(place, "-"); len(parts) == 3 {
		return parts[0] + "-" + parts[1]
	}
	return place
}

// describeCluster adds what GKE computes for a cluster.
func (w *Cloud) describeCluster(d *provider.Draft) {
	d.Outputs["selfLink"] = "https://container.googleapis.com/v1/" + clusterID(d)
	fallback(d, "endpoint", w.Addresses.ControlPlane.String())
	fallback(d, "masterVersion", "1.33.5-gke.1162000")
	fallback(d, "clusterIpv4Cidr", w.Addresses.Pods.String())
	fallback(d, "servicesIpv4Cidr", "34.118.224.0/20")
	if d.Inputs.Has("fleet") {
		place := regionOf(location(clusterID(d) + "/"))
		d.Outputs["fleet"] = map[string]any{
			"project": d.Inputs.Text("fleet.project"), "preRegistered": false,
			"membership": "//gkehub.googleapis.com/projects/" + d.Inputs.Text("fleet.project") + "/locations/" + place + "/memberships/" + d.Inputs.Text("name"),
		}
	}
	d.Outputs["masterAuths"] = nil
	auth := map[string]any{"clusterCaCertificate": base64.StdEncoding.EncodeToString([]byte(w.CA))}
	for key, value := range d.Inputs.Object("masterAuth") {
		auth[key] = value
	}
	d.Outputs["masterAuth"] = auth
}

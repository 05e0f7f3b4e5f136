package cluster

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// kubeconfig renders a kubeconfig whose credential is made at each use, from
// whatever Google credentials the caller has
// (https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl).
// The caller's own kubeconfig is never read.
func kubeconfig(ctx *pulumi.Context, s Settings, a access, opts ...pulumi.InvokeOption) pulumi.StringOutput {
	if s.ConnectGateway {
		return gatewayKubeconfig(ctx, a, opts...)
	}
	return pulumi.All(a.name, a.endpoint, a.ca).ApplyT(func(parts []any) (string, error) {
		name, endpoint, ca := parts[0].(string), parts[1].(string), parts[2].(string)
		return render(name, map[string]any{"server": "https://" + endpoint, "certificate-authority-data": ca})
	}).(pulumi.StringOutput)
}

// gatewayKubeconfig reaches the cluster through the Connect gateway, whose
// certificate is Google's own. The address has the number of the fleet's project,
// which need not be the cluster's
// (https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway/using).
func gatewayKubeconfig(ctx *pulumi.Context, a access, opts ...pulumi.InvokeOption) pulumi.StringOutput {
	fleet := a.member.ApplyT(func(member string) (string, error) {
		m, err := parseMember(member)
		return m.project, err
	}).(pulumi.StringOutput)
	number := organizations.LookupProjectOutput(ctx, organizations.LookupProjectOutputArgs{ProjectId: fleet.ToStringPtrOutput()}, opts...).Number()
	return pulumi.All(a.name, a.member, number).ApplyT(func(parts []any) (string, error) {
		m, err := parseMember(parts[1].(string))
		if err != nil {
			return "", err
		}
		return render(parts[0].(string), map[string]any{"server": m.gateway(parts[2].(string))})
	}).(pulumi.StringOutput)
}

// member is a cluster's place in a fleet.
type member struct{ project, location, name string }

var memberPattern = regexp.MustCompile(`^//gkehub\.googleapis\.com/projects/([^/]+)/locations/([^/]+)/memberships/([^/]+)$`)

func parseMember(text string) (member, error) {
	parts := memberPattern.FindStringSubmatch(text)
	if parts == nil {
		return member{}, fmt.Errorf("%q is not a fleet membership; expected: //gkehub.googleapis.com/projects/…/locations/…/memberships/…", text)
	}
	return member{parts[1], parts[2], parts[3]}, nil
}

// gateway is the member's address. A region's gateway has a host of its own.
func (m member) gateway(projectNumber string) string {
	host := "connectgateway.googleapis.com"
	if m.location != "global" {
		host = m.location + "-" + host
	}
	return "https://" + host + "/v1/projects/" + projectNumber + "/locations/" + m.location + "/gkeMemberships/" + m.name
}

// membershipOf is an adopted cluster's membership, empty where nobody needs it.
func membershipOf(s Settings, project string, fleets []container.GetClusterFleet) (string, error) {
	if !s.ConnectGateway {
		return "", nil
	}
	if len(fleets) == 0 || fleets[0].Membership == "" {
		return "", fmt.Errorf("kubernetes.cluster.connectGateway is true, but cluster %s is in no fleet: its owner registers it with "+
			"%s, or set connectGateway: false", s.Name, s.change("clusters update "+s.Name+" --enable-fleet", project))
	}
	return fleets[0].Membership, nil
}

func render(name string, cluster map[string]any) (string, error) {
	content, err := json.Marshal(map[string]any{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": name,
		"clusters":        []any{map[string]any{"name": name, "cluster": cluster}},
		"contexts":        []any{map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": name}}},
		"users": []any{map[string]any{"name": name, "user": map[string]any{"exec": map[string]any{
			"apiVersion":         "client.authentication.k8s.io/v1beta1",
			"command":            "gke-gcloud-auth-plugin",
			"installHint":        "Install gke-gcloud-auth-plugin: gcloud components install gke-gcloud-auth-plugin",
			"provideClusterInfo": true,
			"interactiveMode":    "Never",
		}}}},
	})
	if err != nil {
		return "", fmt.Errorf("encode the kubeconfig: %w", err)
	}
	return string(content), nil
}

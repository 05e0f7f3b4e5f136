package cluster

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// kubeconfig renders a kubeconfig whose credential is made at each use, from
// whatever Google credentials the caller has
// (https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl).
// The caller's own kubeconfig is never read.
func kubeconfig(a access) pulumi.StringOutput {
	return pulumi.All(a.name, a.endpoint, a.ca).ApplyT(func(parts []any) (string, error) {
		name, endpoint, ca := parts[0].(string), parts[1].(string), parts[2].(string)
		content, err := json.Marshal(map[string]any{
			"apiVersion":      "v1",
			"kind":            "Config",
			"current-context": name,
			"clusters": []any{map[string]any{"name": name, "cluster": map[string]any{
				"server": "https://" + endpoint, "certificate-authority-data": ca,
			}}},
			"contexts": []any{map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": name}}},
			"users": []any{map[string]any{"name": name, "user": map[string]any{"exec": map[string]any{
				"apiVersion":         "client.authentication.k8s.io/v1beta1",
				"command":            "gke-gcloud-auth-plugin",
				"installHint":        "Install gke-gcloud-auth-plugin: gcloud components install gke-gcloud-auth-plugin",
				"provideClusterInfo": true,
				"interactiveMode":    "Never",
			}}}},
		})
		return string(content), err
	}).(pulumi.StringOutput)
}

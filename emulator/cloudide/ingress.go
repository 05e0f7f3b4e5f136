package cloudide

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/kubectl"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Manifest is the IDE's file of its Ingress, which its owner applies with kubectl.
// It says more than a stack that moves in declares: labels, an annotation of its
// own, spec.tls, whose Secret is gone by now, and a default backend.
func Manifest() apiserver.Object {
	backend := func(service string) map[string]any {
		return map[string]any{"service": map[string]any{"name": service, "port": map[string]any{"number": float64(80)}}}
	}
	path := func(path, service string) any {
		return map[string]any{"path": path, "pathType": "Prefix", "backend": backend(service)}
	}
	rule := func(host string, paths ...any) any {
		return map[string]any{"host": host, "http": map[string]any{"paths": paths}}
	}
	return apiserver.Object{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
		"metadata": map[string]any{
			"name": Ingress, "namespace": Namespace,
			"labels": map[string]any{"app.kubernetes.io/part-of": "coditect-ide", "team": "ide"},
			"annotations": map[string]any{
				"kubernetes.io/ingress.class":                 "gce",
				"kubernetes.io/ingress.allow-http":            "false",
				"kubernetes.io/ingress.global-static-ip-name": Address,
				"networking.gke.io/managed-certificates":      Certificate,
				"coditect.ai/on-call":                         "ide@coditect.ai",
			},
		},
		"spec": map[string]any{
			"tls":            []any{map[string]any{"secretName": "coditect-old-tls", "hosts": []any{"coditect.ai"}}},
			"defaultBackend": backend(Frontend),
			"rules": []any{
				rule("api.coditect.ai", path("/", API)),
				rule("coditect.ai", path("/api", API), path("/ws", API), path("/", Frontend)),
				rule("www.coditect.ai", path("/", Frontend)),
				rule("docs.coditect.ai", path("/", Frontend)),
			},
		},
	}
}

// ingress is the live Ingress: applied by kubectl from the manifest, annotated by hand,
// and marked by GKE's controller, each with its own field manager. Its load balancer has
// the address.
func ingress(address string) (store.Resource, error) {
	live, err := kubectl.Apply(nil, Manifest())
	if err != nil {
		return store.Resource{}, err
	}
	if live, err = kubectl.Annotate(live, "coditect.ai/reviewed", "2025-11-03"); err != nil {
		return store.Resource{}, err
	}
	next, err := kubectl.Annotate(live, "ingress.kubernetes.io/url-map", "k8s2-um-"+Ingress)
	if err != nil {
		return store.Resource{}, err
	}
	metadata, _ := next["metadata"].(map[string]any)
	metadata["finalizers"] = []any{"networking.gke.io/ingress-finalizer-V2"}
	metadata["creationTimestamp"], metadata["resourceVersion"], metadata["generation"] = installed, "1", float64(1)
	metadata["uid"] = uuid.NewSHA1(uuid.NameSpaceURL, []byte(kubernetes.TypeIngress+"/"+Ingress)).String()
	if live, err = apiserver.Update(live, next, "glbc"); err != nil {
		return store.Resource{}, fmt.Errorf("mark it as GKE's controller does: %w", err)
	}
	live["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": address}}}}
	return store.Resource{Type: kubernetes.TypeIngress, ID: Namespace + "/" + Ingress, Inputs: Manifest(), Outputs: live}, nil
}

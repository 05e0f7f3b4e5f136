package constraint_test

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

const (
	ingressAPI    = kubernetesAPI + "service-resources/ingress-v1/"
	ingressConfig = "https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration"
	ingressGKE    = "https://cloud.google.com/kubernetes-engine/docs/concepts/ingress"
	certificates  = "https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs"
	monitoringAPI = "https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/doc/api.md"

	configType      = "kubernetes:cloud.google.com/v1:BackendConfig"
	frontendType    = "kubernetes:networking.gke.io/v1beta1:FrontendConfig"
	certificateType = "kubernetes:networking.gke.io/v1:ManagedCertificate"
)

func path() map[string]any {
	return map[string]any{"path": "/", "pathType": "Prefix", "backend": map[string]any{"service": map[string]any{"name": "api", "port": map[string]any{"number": 80}}}}
}

func routes(paths ...any) []any {
	return []any{map[string]any{"host": "licenses.example.com", "http": map[string]any{"paths": paths}}}
}

// ingress names all that an Ingress can: an address, a certificate, a frontend.
func ingress() map[string]any {
	whole := object("networking.k8s.io/v1", "Ingress", map[string]any{"spec": map[string]any{"rules": routes(path())}})
	whole["metadata"] = map[string]any{"name": "ingress", "namespace": "app", "annotations": map[string]any{
		"kubernetes.io/ingress.class": "gce", "kubernetes.io/ingress.allow-http": "false",
		"kubernetes.io/ingress.global-static-ip-name": "edge",
		"networking.gke.io/managed-certificates":      "certificate",
		"networking.gke.io/v1beta1.FrontendConfig":    "frontend",
	}}
	return whole
}

// annotated adds an annotation that GKE does not read there.
func annotated(key, value string) changes {
	annotations := map[string]any{"kubernetes.io/ingress.class": "gce"}
	annotations[key] = value
	return changes{"metadata.annotations": annotations}
}

func ingressRows() []row {
	const typ = kubernetes.TypeIngress
	one := func(what string, change changes, says, source string) row {
		return row{what: what, typ: typ, right: ingress(), change: change, says: says, source: source}
	}
	untyped := path()
	delete(untyped, "pathType")
	relative := path()
	relative["path"] = "v1"
	upwards := path()
	upwards["path"] = "/v1/../v2"
	custom := func(what, typ string, spec map[string]any, change changes, says, source string) row {
		parts := strings.Split(typ, ":")
		right := object(parts[1], parts[2], map[string]any{"spec": spec})
		return row{what: what, typ: typ, right: right, change: change, says: says, source: source}
	}
	return []row{
		one("a BackendConfig on an Ingress instead of its Service", annotated("cloud.google.com/backend-config", "{}"), "a BackendConfig is attached to a Service", ingressConfig),
		one("the annotation `ingress.gcp.kubernetes.io/backend-config`, which does not exist", annotated("ingress.gcp.kubernetes.io/backend-config", "{}"), "ignored by GKE", ingressConfig),
		one("`ingressClassName` alone, which GKE ignores", changes{"metadata.annotations": map[string]any{}, "spec.ingressClassName": "gce"}, "set the annotation kubernetes.io/ingress.class: gce", ingressGKE),
		one("a path without a type", changes{"spec.rules": routes(untyped)}, "pathType must be one of", ingressAPI),
		one("a path that is not absolute", changes{"spec.rules": routes(relative)}, "must be an absolute path", ingressAPI),
		one("a path that leads up", changes{"spec.rules": routes(upwards)}, "must not contain", ingressAPI),
		one("an Ingress without rules", changes{"spec.rules": nil}, "either `defaultBackend` or `rules` must be specified", ingressAPI),
		one("an Ingress with a misspelt field", changes{"spec.rulez": []any{}}, `unknown field "spec.rulez"`, strictFields),
		custom("a BackendConfig with a misspelt field", configType, map[string]any{"timeoutSec": 30}, changes{"spec.timeoutSecs": 30}, "timeoutSecs", ingressConfig),
		custom("a FrontendConfig with a misspelt field", frontendType, map[string]any{"sslPolicy": "tls"}, changes{"spec.sslpolicy": "tls"}, "sslpolicy", ingressConfig),
		custom("a ManagedCertificate with a misspelt field", certificateType, map[string]any{"domains": []any{"licenses.example.com"}}, changes{"spec.domain": "x"}, "domain", certificates),
		custom("a ManagedCertificate for a name of more than 63 characters", certificateType, map[string]any{"domains": []any{"licenses." + strings.Repeat("a", 51) + ".ai"}},
			changes{"spec.domains": []any{"licenses." + strings.Repeat("a", 52) + ".ai"}}, "63", "https://github.com/GoogleCloudPlatform/gke-managed-certs/blob/master/deploy/managedcertificates-crd.yaml"),
		custom("a PodMonitoring with a misspelt field", "kubernetes:monitoring.googleapis.com/v1:PodMonitoring",
			map[string]any{"selector": map[string]any{}, "endpoints": []any{map[string]any{"port": "metrics", "interval": "30s"}}},
			changes{"spec.endpoint": []any{}}, "endpoint", monitoringAPI),
	}
}

// parts is all that the Ingress needs, but for what its name is.
func parts(without string) (there, lacking []made) {
	all := []made{
		{kubernetes.TypeService, "service", with(service(), changes{"metadata": map[string]any{
			"name": "api", "namespace": "app",
			"annotations": map[string]any{"cloud.google.com/neg": `{"ingress": true}`, "cloud.google.com/backend-config": `{"default": "api"}`},
		}})},
		{gcp.TypeSecurityPolicy, "policy", policy()},
		backendConfig("armor"),
		{gcp.TypeGlobalAddress, "edge", map[string]any{"name": "edge"}},
		{gcp.TypeSSLPolicy, "tls", map[string]any{"name": "tls", "profile": "RESTRICTED", "minTlsVersion": "TLS_1_2"}},
		{certificateType, "certificate", with(object("networking.gke.io/v1", "ManagedCertificate", map[string]any{
			"spec": map[string]any{"domains": []any{"licenses.example.com"}},
		}), changes{"metadata.name": "certificate"})},
		{frontendType, "frontend", with(object("networking.gke.io/v1beta1", "FrontendConfig", map[string]any{
			"spec": map[string]any{"sslPolicy": "tls"},
		}), changes{"metadata.name": "frontend"})},
	}
	there = []made{namespace()}
	for _, m := range all {
		if m.name == without {
			lacking = append(lacking, m)
			continue
		}
		there = append(there, m)
	}
	return there, lacking
}

func balancerRows() []row {
	one := func(what, part, says, source string) row {
		there, lacking := parts(part)
		return row{what: what, typ: kubernetes.TypeIngress, right: ingress(), when: onCreate, given: there, lacking: lacking, says: says, source: source}
	}
	return []row{
		one("an Ingress whose Service is missing", "service", `"app/api"`, ingressGKE),
		one("an Ingress whose BackendConfig is missing", "config", `error getting BackendConfig "app/api"`, ingressConfig),
		one("an Ingress whose security policy is missing", "policy", `there is no security policy "armor"`, ingressConfig),
		one("an Ingress whose certificate is missing", "certificate", `could not find ManagedCertificate "app/certificate"`, certificates),
		one("an Ingress whose SSL policy is missing", "tls", `there is no SSL policy "tls"`, ingressConfig),
		one("an Ingress whose address is missing", "edge", "doesn't translate to an existing static IP", ingressConfig),
	}
}

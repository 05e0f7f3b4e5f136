//go:build conformance

package conformance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestARealAPIServerAcceptsEveryObjectOfEveryStack(t *testing.T) {
	server := startAPIServer(t)
	installDefinitions(t, server)
	type variant struct {
		stack   string
		changes []plan.Change
	}
	variants := map[string]variant{"prod with all that is off by default": {"prod", []plan.Change{
		plan.Set("kubernetes.ingress.staff", map[string]any{"enabled": true, "oauthSecret": "iap-oauth-client-secret"}),
		plan.Set("kubernetes.ingress.redirectHttp", true),
		stacktest.OnCalico(),
		plan.Set("kubernetes.networkPolicies.denyNamespace", true),
		plan.Set("kubernetes.networkPolicies.stayingWorkloads", []any{map[string]any{"name": "api", "podLabels": map[string]any{"app": "coditect-api-v2"}}}),
	}}}
	for _, name := range stacktest.Stacks(t) {
		variants[name] = variant{name, nil}
	}
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			objects := stacktest.Deploy(t, v.stack, v.changes...).Objects()
			require.NotEmpty(t, objects)
			for _, object := range objects {
				server.provide(t, object)
			}
			for _, object := range objects {
				metadata := object["metadata"].(map[string]any)
				t.Run(object["kind"].(string)+" "+metadata["name"].(string), func(t *testing.T) {
					status, answer, warnings := server.apply(t, object, true)
					assert.Contains(t, []int{http.StatusOK, http.StatusCreated}, status, answer)
					assert.Empty(t, unexpected(warnings), "the server warns, for example of a pod that the namespace's Pod Security level would refuse")
				})
			}
		})
	}
}

func TestTheAPIServerWouldHaveRefusedAMistake(t *testing.T) {
	server := startAPIServer(t)
	installDefinitions(t, server)
	object := func(version, kind string, spec map[string]any) map[string]any {
		return map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": "a", "namespace": "default"}, "spec": spec}
	}
	mistakes := map[string]map[string]any{
		"a misspelt field of a built-in kind": object("networking.k8s.io/v1", "NetworkPolicy", map[string]any{"podSelector": map[string]any{}, "policyType": []any{"Ingress"}}),
		"a misspelt field of a GKE kind":      object("cloud.google.com/v1", "BackendConfig", map[string]any{"timeoutSeconds": 30}),
		"a value that is out of range":        object("cloud.google.com/v1", "BackendConfig", map[string]any{"timeoutSec": 0}),
		"a kind that GKE does not have":       object("monitoring.coreos.com/v1", "PrometheusRule", map[string]any{}),
	}
	for name, mistake := range mistakes {
		t.Run(name, func(t *testing.T) {
			status, answer, _ := server.apply(t, mistake, true)
			assert.GreaterOrEqual(t, status, http.StatusBadRequest, answer)
		})
	}
}

// unexpected leaves out the one warning that GKE asks for: its Ingress
// controller reads the annotation and ignores spec.ingressClassName.
// https://cloud.google.com/kubernetes-engine/docs/how-to/load-balance-ingress
func unexpected(warnings []string) (rest []string) {
	for _, warning := range warnings {
		if !strings.Contains(warning, "kubernetes.io/ingress.class") {
			rest = append(rest, warning)
		}
	}
	return rest
}

// provide really creates what other objects of the stack need to exist: their
// namespace, with the Pod Security level that it will have.
func (s *apiServer) provide(t *testing.T, object map[string]any) {
	t.Helper()
	metadata := object["metadata"].(map[string]any)
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace"}
	if object["kind"] == "Namespace" {
		namespace = object
	} else if name, _ := metadata["namespace"].(string); name != "" {
		status, _, _ := s.do(t, http.MethodGet, "/api/v1/namespaces/"+name, "", nil)
		if status == http.StatusOK {
			return
		}
		namespace["metadata"] = map[string]any{"name": name, "labels": map[string]any{"pod-security.kubernetes.io/warn": "restricted"}}
	} else {
		return
	}
	status, answer, _ := s.apply(t, namespace, false)
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, status, answer)
}

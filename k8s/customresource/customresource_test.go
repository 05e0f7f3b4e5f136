package customresource_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/k8s/customresource"
)

func TestObjectsAreAcceptedOrRefusedAsGKEWould(t *testing.T) {
	t.Parallel()
	schemas, err := customresource.NewSchemas()
	require.NoError(t, err)
	cases := map[string]struct{ manifest, refusal string }{
		"a BackendConfig with a policy and a health check is accepted": {
			manifest: "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: a, labels: {b: c}}, spec: {securityPolicy: {name: p}, timeoutSec: 30, healthCheck: {port: 8000, requestPath: /health, type: HTTP}, logging: {enable: true, sampleRate: 1.0}}}",
		},
		"a misspelt field is refused, not ignored": {
			manifest: "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: a}, spec: {securityPolicy: {name: p, id: 3}}}",
			refusal:  "/spec/securityPolicy: additionalProperties 'id' not allowed",
		},
		"a sample rate above one is refused": {
			manifest: "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: a}, spec: {logging: {enable: true, sampleRate: 100}}}",
			refusal:  "/spec/logging/sampleRate",
		},
		"every mistake is listed": {
			manifest: "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: a}, spec: {timeoutSec: 0, logging: {sampleRate: 2}}}",
			refusal:  "/spec/timeoutSec",
		},
		"a FrontendConfig with an SSL policy is accepted": {
			manifest: "{apiVersion: networking.gke.io/v1beta1, kind: FrontendConfig, metadata: {name: a}, spec: {sslPolicy: tls}}",
		},
		"a redirect code that does not exist is refused": {
			manifest: "{apiVersion: networking.gke.io/v1beta1, kind: FrontendConfig, metadata: {name: a}, spec: {redirectToHttps: {enabled: true, responseCodeName: '301'}}}",
			refusal:  "/spec/redirectToHttps/responseCodeName",
		},
		"a ManagedCertificate with a host is accepted": {
			manifest: "{apiVersion: networking.gke.io/v1, kind: ManagedCertificate, metadata: {name: a}, spec: {domains: [licenses.coditect.ai]}}",
		},
		"a wildcard certificate is refused": {
			manifest: "{apiVersion: networking.gke.io/v1, kind: ManagedCertificate, metadata: {name: a}, spec: {domains: ['*.coditect.ai']}}",
			refusal:  "/spec/domains/0",
		},
		"a PodMonitoring by port name is accepted": {
			manifest: "{apiVersion: monitoring.googleapis.com/v1, kind: PodMonitoring, metadata: {name: a}, spec: {selector: {matchLabels: {app: license-api}}, endpoints: [{port: metrics, interval: 30s}]}}",
		},
		"a PodMonitoring by port number is accepted": {
			manifest: "{apiVersion: monitoring.googleapis.com/v1, kind: PodMonitoring, metadata: {name: a}, spec: {selector: {}, endpoints: [{port: 9090}]}}",
		},
		"a PodMonitoring without endpoints is refused": {
			manifest: "{apiVersion: monitoring.googleapis.com/v1, kind: PodMonitoring, metadata: {name: a}, spec: {selector: {}, endpoints: []}}",
			refusal:  "/spec/endpoints",
		},
		"the Prometheus operator's kind does not exist on GKE": {
			manifest: "{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: a}, spec: {}}",
			refusal:  customresource.ErrUnknownKind.Error(),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var object map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(c.manifest), &object))
			err := schemas.Validate(object)
			if c.refusal == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.refusal)
		})
	}
}

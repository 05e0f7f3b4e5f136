package ingresscontroller

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// settings are a backend's settings. The BackendConfig of its Service has priority over
// the pods' readiness probe, as in ingress-gce, and both over Google's defaults.
func (t *translation) settings(name string, s corev1.Service, port corev1.ServicePort) loadbalancer.Backend {
	b := loadbalancer.Backend{Name: name, HealthCheck: t.probed(t.plan.targets[name])}
	id := s.Namespace + "/" + s.Name
	configName, err := backendConfigName(s, port)
	switch {
	case err != nil:
		t.problem("service %q: annotation %s: %w", id, annotationBackendConfig, err)
		return b
	case configName == "":
		return b
	}
	config, exists := t.declaredResources.backendConfigs[t.key(configName)]
	if !exists {
		t.problem("error getting BackendConfig %q for port %d of service %q: no such BackendConfig", t.key(configName), port.Port, id)
		return b
	}
	t.apply(&b, config, t.key(configName))
	return b
}

func (t *translation) apply(b *loadbalancer.Backend, c backendConfig, id string) {
	spec := c.Spec
	b.Timeout = seconds(spec.TimeoutSec)
	b.Draining = seconds(spec.ConnectionDraining.DrainingTimeoutSec)
	b.Affinity = spec.SessionAffinity.AffinityType
	if b.Affinity == "GENERATED_COOKIE" {
		t.problem("BackendConfig %q: session affinity %q, which the embedded cloud does not have", id, b.Affinity)
	}
	if len(spec.CustomRequestHeaders.Headers)+len(spec.CustomResponseHeaders.Headers) > 0 {
		t.problem("BackendConfig %q sets customRequestHeaders or customResponseHeaders, which the embedded cloud does not have", id)
	}
	if l := spec.Logging; l != nil {
		b.Log = loadbalancer.Sampling{Enable: l.Enable, Rate: 1}
		if l.SampleRate != nil {
			b.Log.Rate = *l.SampleRate
		}
	}
	t.applyHealthCheck(&b.HealthCheck, spec.HealthCheck, id)
	if spec.CDN != nil && spec.CDN.Enabled {
		t.problem("BackendConfig %q turns on Cloud CDN, which the embedded cloud does not have", id)
	}
	if spec.IAP != nil && spec.IAP.Enabled {
		b.IAP = &loadbalancer.IAP{ClientID: t.oauthClient(*spec.IAP, id)}
	}
	if spec.SecurityPolicy == nil || spec.SecurityPolicy.Name == "" {
		return // an empty name detaches
	}
	guard, err := t.guards.of(t.declaredResources, spec.SecurityPolicy.Name)
	if err != nil {
		t.problem("BackendConfig %q: %w", id, err)
		return
	}
	b.Guard = guard
	t.plan.guards[b.Name] = spec.SecurityPolicy.Name
}

// oauthClient is the client id that IAP signs in with. A Secret that is named has
// to exist and to hold client_id and client_secret; without one Google manages
// the client (https://cloud.google.com/iap/docs/enabling-kubernetes-howto).
func (t *translation) oauthClient(i iap, id string) string {
	if i.Credentials == nil || i.Credentials.SecretName == "" {
		return ""
	}
	name := t.key(i.Credentials.SecretName)
	secret, exists := t.declaredResources.secrets[name]
	if !exists {
		t.problem("BackendConfig %q: could not find secret %q with the OAuth client of IAP", id, name)
		return ""
	}
	entry := func(key string) string {
		if text := secret.StringData[key]; text != "" {
			return text
		}
		return string(secret.Data[key])
	}
	if entry("client_id") == "" || entry("client_secret") == "" {
		t.problem("BackendConfig %q: secret %q needs the entries client_id and client_secret", id, name)
	}
	return entry("client_id")
}

func (t *translation) applyHealthCheck(to *loadbalancer.HealthCheck, from healthCheck, id string) {
	if from.CheckIntervalSec > 0 {
		to.Interval = seconds(from.CheckIntervalSec)
	}
	if from.TimeoutSec > 0 {
		to.Timeout = seconds(from.TimeoutSec)
	}
	if from.HealthyThreshold > 0 {
		to.HealthyThreshold = from.HealthyThreshold
	}
	if from.UnhealthyThreshold > 0 {
		to.UnhealthyThreshold = from.UnhealthyThreshold
	}
	if from.RequestPath != "" {
		to.Path = from.RequestPath
	}
	if from.Port > 0 {
		to.Port = from.Port
	}
	if from.Type != "" && from.Type != "HTTP" {
		t.problem("BackendConfig %q: health check type %q: the embedded cloud checks by HTTP only", id, from.Type)
	}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

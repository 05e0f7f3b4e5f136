package namespace

import (
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANamespaceInWhichNoPodCouldWorkIsRefused(t *testing.T) {
	t.Parallel()
	label := func(pairs ...string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Labels: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			m.Labels[pairs[i]] = pairs[i+1]
		}
		return m
	}
	linkerd := func(value string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Annotations: map[string]string{"linkerd.io/inject": value}}
	}
	since, none, active, terminating := "2026-11-29T10:00:00Z", "", "Active", "Terminating"
	for name, c := range map[string]struct {
		metadata metav1.ObjectMeta
		status   corev1.NamespaceStatus
		why      string
	}{
		"a plain one":                        {why: ""},
		"one that is active":                 {status: corev1.NamespaceStatus{Phase: &active}, metadata: metav1.ObjectMeta{DeletionTimestamp: &none}},
		"one that is being deleted":          {metadata: metav1.ObjectMeta{DeletionTimestamp: &since}, why: "is being deleted"},
		"one that says so by its phase only": {status: corev1.NamespaceStatus{Phase: &terminating}, why: "is being deleted"},
		"Istio's sidecars":                   {metadata: label("istio-injection", "enabled"), why: "label istio-injection=enabled"},
		"those of a revision":                {metadata: label("istio.io/rev", "asm-managed"), why: "label istio.io/rev=asm-managed"},
		"those of a revision, switched off":  {metadata: label("istio.io/rev", "asm-managed", "istio-injection", "disabled")},
		"Istio's, switched off":              {metadata: label("istio-injection", "disabled")},
		"Linkerd's sidecars":                 {metadata: linkerd("enabled"), why: "annotation linkerd.io/inject=enabled"},
		"Linkerd's in front of an Ingress":   {metadata: linkerd("ingress"), why: "annotation linkerd.io/inject=ingress"},
		"Linkerd's, switched off":            {metadata: linkerd("disabled")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := compare("ide", c.metadata, c.status)
			if c.why == "" {
				assert.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			assert.Equal(t, "kubernetes.namespace.name", problems[0].Key)
			assert.Contains(t, problems[0].Why, c.why)
		})
	}
}

package ingresscontroller_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/edge/ingresscontroller"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// domains are those of each certificate, in the order in which they are served.
func domains(c loadbalancer.Config) (all [][]string) {
	for _, certificate := range c.Certificates {
		all = append(all, certificate.Domains)
	}
	return all
}

func names(c loadbalancer.Config) (all []string) {
	for _, certificate := range c.Certificates {
		all = append(all, certificate.Name)
	}
	return all
}

const (
	ideCert = "kubernetes:networking.gke.io/v1:ManagedCertificate coditect-app/coditect-ai-ssl"

	bothListed = "coditect-ai-ssl, license-ssl"
)

func TestCertificatesStandInTheOrderOfTheirGeneratedNames(t *testing.T) {
	t.Parallel()
	first := map[string]bool{}
	for uid := range 20 { // a new ManagedCertificate has a new name each time
		w := newFixture(t)
		w.edit(licenseCert, "name: license-ssl,", "name: license-ssl, uid: u"+strings.Repeat("x", uid)+",")
		w.edit(ideCert, "name: coditect-ai-ssl,", "name: coditect-ai-ssl, uid: v"+strings.Repeat("x", uid)+",")
		require.True(t, w.controller().Sync().Synced)
		assert.IsIncreasing(t, names(w.latest()))
		assert.Regexp(t, `^mcrt-[0-9a-f-]{36}$`, names(w.latest())[0])
		first[domains(w.latest())[0][0]] = true
	}
	assert.Len(t, first, 2, "either can be what clients get that name no host")
}

func TestAListedCertificateThatIsMissingKeepsAllAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	w.edit(ingress, bothListed, "coditect-ai-ssl")
	require.True(t, lb.Sync().Synced)
	w.edit(ingress, bothListed, "license-ssl, missing")
	status := lb.Sync()
	assert.True(t, status.Synced, "routes go on")
	assert.Contains(t, strings.Join(status.Warnings, "\n"), `could not find ManagedCertificate "coditect-app/missing"`)
	assert.Equal(t, [][]string{{"api.coditect.ai", "coditect.ai", "www.coditect.ai"}}, domains(w.latest()), "the one that is there is not attached either")
	w.edit(ingress, bothListed, "license-ssl")
	require.Empty(t, lb.Sync().Warnings)
	assert.Len(t, domains(w.latest()), 2)
}

func TestACertificateThatIsNoLongerListedStaysUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	require.True(t, lb.Sync().Synced)
	w.edit(ingress, bothListed, "coditect-ai-ssl")
	require.True(t, lb.Sync().Synced)
	assert.Len(t, domains(w.latest()), 2, "off the list, and still attached")
	w.remove(licenseCert)
	require.True(t, lb.Sync().Synced)
	assert.Equal(t, [][]string{{"api.coditect.ai", "coditect.ai", "www.coditect.ai"}}, domains(w.latest()))
}

func TestADeletedCertificateThatIsStillListedStaysAttached(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	require.True(t, lb.Sync().Synced)
	w.remove(licenseCert)
	assert.Contains(t, strings.Join(lb.Sync().Warnings, "\n"), "no certificate is attached or detached")
	assert.Len(t, domains(w.latest()), 2)
}

func TestACertificateProvisionsBeforeItIsServed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	now := time.Unix(0, 0)
	w.options = func(o *ingresscontroller.Options) {
		o.Provision, o.Now = time.Hour, func() time.Time { return now }
	}
	lb := w.controller()
	provisioning := func() (all []bool) {
		lb.Sync()
		for _, certificate := range w.latest().Certificates {
			all = append(all, certificate.Provisioning)
		}
		return all
	}
	assert.Equal(t, []bool{true, true}, provisioning())
	now = now.Add(time.Hour)
	assert.Equal(t, []bool{false, false}, provisioning())
	w.edit(licenseCert, "domains: [licenses.coditect.ai]", "domains: [licenses.coditect.ai, admin.coditect.ai]")
	assert.ElementsMatch(t, []bool{true, false}, provisioning(), "other domains make it anew: an outage of the host")
}

func TestAMissingFrontendConfigOrSecretIsToldAndStallsNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	require.True(t, lb.Sync().Synced)
	policy := w.latest().TLS
	require.NotEqual(t, loadbalancer.TLSPolicy{}, policy)
	w.remove(frontConfig)
	w.edit(ingress, "spec:", "spec:\n  tls: [{secretName: old}]")
	status := lb.Sync()
	assert.True(t, status.Synced)
	assert.Contains(t, strings.Join(status.Warnings, "\n"), `could not find FrontendConfig "coditect-app/front"`)
	assert.Contains(t, strings.Join(status.Warnings, "\n"), `secret "coditect-app/old"`)
	assert.Equal(t, policy, w.latest().TLS, "the SSL policy stays until it is named away")
	w.declare(frontConfig, "metadata: {name: front, namespace: coditect-app}\nspec: {sslPolicy: \"\"}")
	require.True(t, lb.Sync().Synced)
	assert.Equal(t, loadbalancer.TLSPolicy{}, w.latest().TLS)
}

func TestAnIngressWithNamesOfTheFirstSchemeCannotRedirect(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	lb := w.controller()
	require.True(t, lb.Sync().Synced)
	w.edit(ingress, "namespace: coditect-app", "namespace: coditect-app\n  finalizers: [networking.gke.io/ingress-finalizer]")
	w.edit(frontConfig, "{sslPolicy: tls}", "{sslPolicy: tls, redirectToHttps: {enabled: true}}")
	status := lb.Sync()
	assert.False(t, status.Synced)
	assert.Contains(t, strings.Join(status.Problems, "\n"), "cannot enable HTTPS Redirects with the V1 Ingress naming scheme")
	w.edit(ingress, "namespace: coditect-app", "namespace: coditect-app\n  finalizers: [networking.gke.io/ingress-finalizer-V2]")
	assert.True(t, lb.Sync().Synced)
}

func TestAnIngressThatCanServeNothingIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.edit(ingress, "networking.gke.io/managed-certificates", "unused")
	assert.Contains(t, strings.Join(w.controller().Sync().Problems, "\n"), "it would serve nothing")
	w.edit(ingress, bothListed, "missing")
	problems := strings.Join(w.controller().Sync().Problems, "\n")
	assert.Contains(t, problems, "it would serve nothing")
	assert.Contains(t, problems, `could not find ManagedCertificate "coditect-app/missing"`)
}

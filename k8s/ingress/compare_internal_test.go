package ingress

import (
	"strings"
	"testing"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ideHost is a host of theirs, which the settings of fitting name.
const ideHost = "ide.example.com"

// theirs is an Ingress that fits the settings of fitting, before the platform has declared anything of it.
func theirs() live {
	found := adopted([]string{ideHost}, map[string]string{annotationClass: classGCE, annotationAddress: "edge", annotationAllowHTTP: "false", annotationCertificates: "ide"})
	found.status.LoadBalancer = &networkingv1.IngressLoadBalancerStatus{Ingress: []networkingv1.IngressLoadBalancerIngress{{}}}
	return found
}

func fitting() CheckArgs {
	return CheckArgs{
		Domain: "example.com", LicenseHost: "licenses.example.com", EdgeAddressName: "edge", Services: []string{"license-api"},
		Settings: Settings{Name: "unified", Adopt: true, ExistingCertificates: []string{"ide"}, Routes: []Route{{Subdomain: "ide", Paths: []Path{{Path: "/", Service: "ide", Port: 80}}}}},
	}
}

// also is one more rule of the Ingress.
func also(found *live, host string, paths ...networkingv1.HTTPIngressPath) {
	rule := networkingv1.IngressRule{Host: &host}
	if paths != nil {
		rule.Http = &networkingv1.HTTPIngressRuleValue{Paths: paths}
	}
	found.spec.Rules = append(found.spec.Rules, rule)
}

func TestWhatAnUpdateWouldChangeForTheOwnersOfAnIngressIsRefused(t *testing.T) {
	t.Parallel()
	toOurs := path()
	toOurs.Backend.Service.Name = "license-api"
	type change = func(*CheckArgs, *live)
	annotate := func(name, value string) change {
		return func(_ *CheckArgs, found *live) { found.metadata.Annotations[name] = value }
	}
	for name, c := range map[string]struct {
		change change
		// key and says are empty when nothing is refused.
		key, says string
	}{
		"nothing": {func(*CheckArgs, *live) {}, "", ""},
		"a route that the settings leave out": {
			func(_ *CheckArgs, found *live) { also(found, "docs.example.com", path()) },
			keyRoutes, "with {subdomain: docs, paths: [{path: /, service: ide, port: 80}]}",
		},
		"a route of the domain itself":       {func(_ *CheckArgs, found *live) { also(found, "example.com", path()) }, keyRoutes, `with {subdomain: "", paths:`},
		"a route of a host two labels below": {func(_ *CheckArgs, found *live) { also(found, "a.b.example.com", path()) }, keyRoutes, "with {host: a.b.example.com, paths:"},
		"a route of another domain":          {func(_ *CheckArgs, found *live) { also(found, "ide.example.org", path()) }, keyRoutes, "with {host: ide.example.org, paths:"},
		"a route for every other host":       {func(_ *CheckArgs, found *live) { also(found, "", path()) }, keyRoutes, "with {host: *, paths:"},
		"a route of another type, to a named port": {func(_ *CheckArgs, found *live) {
			p, name := path(), "http"
			p.PathType, p.Backend.Service.Port = PathExact, &networkingv1.ServiceBackendPort{Name: &name}
			also(found, "docs.example.com", p)
		}, keyRoutes, "with {subdomain: docs, paths: [{path: /, type: Exact, service: ide, portName: http}]}"},
		"a route that there is not": {func(args *CheckArgs, _ *live) {
			args.Settings.Routes = append(args.Settings.Routes, Route{Subdomain: "docs", Paths: args.Settings.Routes[0].Paths})
		}, keyRoutes, "the live Ingress has no such route, and it would be added"},
		"a host without paths": {func(_ *CheckArgs, found *live) { also(found, "docs.example.com") }, keyRoutes, "cannot be written as a route"},
		"a path to no Service, beside one that is known": {func(_ *CheckArgs, found *live) {
			at := "/bucket"
			http := found.spec.Rules[0].Http
			http.Paths = append([]networkingv1.HTTPIngressPath{{Path: &at, PathType: PathPrefix}}, http.Paths...)
		}, keyRoutes, "cannot be written as a route"},
		"a domain to which one of two hosts belongs": {func(args *CheckArgs, found *live) {
			args.Domain, args.Settings.Routes[0].Host, args.Settings.Routes[0].Subdomain = "example.org", ideHost, ""
			args.Settings.Routes = append(args.Settings.Routes, Route{Subdomain: "docs", Paths: args.Settings.Routes[0].Paths})
			also(found, "docs.example.org", path())
		}, "", ""},
		"the routes of a domain that is not theirs": {func(args *CheckArgs, _ *live) { args.Domain = "example.org" }, "platform.domain", "the domain of " + ideHost},
		"a domain that no route is relative to": {func(args *CheckArgs, _ *live) {
			args.Domain, args.Settings.Routes[0].Host, args.Settings.Routes[0].Subdomain = "example.org", ideHost, ""
		}, "", ""},
		"a host of the platform's that is somebody's": {func(_ *CheckArgs, found *live) { also(found, "licenses.example.com", path()) }, keyName, "an Ingress without the host licenses.example.com"},
		"a host of the platform's that is its own":    {func(_ *CheckArgs, found *live) { also(found, "licenses.example.com", toOurs) }, "", ""},
		"a certificate that the settings leave out":   {annotate(annotationCertificates, "ide, docs"), keyCertificates, "with docs"},
		"a certificate that is not listed":            {annotate(annotationCertificates, ""), keyCertificates, "no certificate is attached"},
		"the last place for a certificate":            {annotate(annotationAttached, strings.Repeat("c,", 14)), "", ""},
		"no place for a certificate":                  {annotate(annotationAttached, strings.Repeat("c,", 15)), keyName, "14 certificates at most"},
		"no place for the staff's certificate, too": {func(args *CheckArgs, found *live) {
			args.Settings.Staff.Enabled = true
			found.metadata.Annotations[annotationAttached] = strings.Repeat("c,", 14)
		}, keyName, "13 certificates at most"},
		"an internal load balancer":    {annotate(annotationClass, "gce-internal"), keyName, `is "gce-internal"`},
		"no class, which is GKE's own": {func(_ *CheckArgs, found *live) { delete(found.metadata.Annotations, annotationClass) }, "", ""},
		"a class that GKE does not know": {func(_ *CheckArgs, found *live) {
			class := "nginx"
			delete(found.metadata.Annotations, annotationClass)
			found.spec.IngressClassName = &class
		}, keyName, "GKE does not serve this Ingress"},
		"another address":            {annotate(annotationAddress, "theirs"), keyAddress, `"theirs"`},
		"a FrontendConfig of theirs": {annotate(annotationFrontendConfig, "tls"), keyFrontendConfig, "it would be replaced"},
		"a FrontendConfig of theirs that stays": {func(args *CheckArgs, found *live) {
			args.Settings.ExistingFrontendConfig, found.metadata.Annotations[annotationFrontendConfig] = "tls", "tls"
		}, "", ""},
		"another FrontendConfig than the one that stays": {func(args *CheckArgs, found *live) {
			args.Settings.ExistingFrontendConfig, found.metadata.Annotations[annotationFrontendConfig] = "tls", "old"
		}, keyFrontendConfig, `"old"`},
		"a port 80 that would be closed": {annotate(annotationAllowHTTP, ""), keyRedirect, "true"},
		"a port 80 that would be opened": {func(args *CheckArgs, _ *live) { args.Settings.RedirectHTTP = true }, keyRedirect, "it would be opened"},
		"a redirect with the V1 names": {func(args *CheckArgs, found *live) {
			args.Settings.RedirectHTTP, found.metadata.Annotations[annotationAllowHTTP] = true, "true"
			found.metadata.Finalizers = []string{"networking.gke.io/ingress-finalizer"}
		}, keyRedirect, "made anew by its owner"},
		"a redirect with the V2 names": {func(args *CheckArgs, found *live) {
			args.Settings.RedirectHTTP, found.metadata.Annotations[annotationAllowHTTP] = true, "true"
			found.metadata.Finalizers = []string{"networking.gke.io/ingress-finalizer", "networking.gke.io/ingress-finalizer-V2"}
		}, "", ""},
		"the V1 names without a redirect": {func(_ *CheckArgs, found *live) {
			found.metadata.Finalizers = []string{"networking.gke.io/ingress-finalizer"}
		}, "", ""},
		"an Ingress that is being deleted": {func(_ *CheckArgs, found *live) {
			since := "2026-11-29T10:00:00Z"
			found.metadata.DeletionTimestamp = &since
		}, keyName, "being deleted since 2026-11-29T10:00:00Z"},
		"an Ingress without an address": {func(_ *CheckArgs, found *live) { found.status.LoadBalancer.Ingress = nil }, keyName, "given the live Ingress no address"},
		"an Ingress without a status":   {func(_ *CheckArgs, found *live) { found.status.LoadBalancer = nil }, keyName, "given the live Ingress no address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, found := fitting(), theirs()
			c.change(&args, &found)
			problems := args.compare(found)
			if c.key == "" {
				assert.Empty(t, problems)
				return
			}
			require.NotEmpty(t, problems)
			assert.Equal(t, c.key, problems[0].Key)
			assert.Contains(t, problems[0].Why+"; "+problems[0].Allowed, c.says)
		})
	}
}

func TestWhatThePlatformHasDeclaredIsNoReasonToStop(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*CheckArgs, *live){
		"a new route of the settings": func(args *CheckArgs, _ *live) {
			args.Settings.Routes = append(args.Settings.Routes, Route{Subdomain: "docs", Paths: args.Settings.Routes[0].Paths})
		},
		"a certificate that is not listed yet": func(args *CheckArgs, _ *live) {
			args.Settings.ExistingCertificates = append(args.Settings.ExistingCertificates, "docs")
		},
		"fifteen certificates, of which one is its own": func(_ *CheckArgs, found *live) {
			found.metadata.Annotations[annotationAttached] = strings.Repeat("c,", 15)
		},
		"a certificate of the staff's that is wanted no more": func(_ *CheckArgs, found *live) {
			found.metadata.Annotations[annotationCertificates] = "ide,license-platform,license-platform-staff"
		},
		"a port that the settings open":        func(args *CheckArgs, _ *live) { args.Settings.RedirectHTTP = true },
		"a host of its own":                    func(_ *CheckArgs, found *live) { also(found, "licenses.example.com", path()) },
		"an address that GKE is about to give": func(_ *CheckArgs, found *live) { found.status.LoadBalancer = nil },
	} {
		args, found := fitting(), theirs()
		found.metadata.Annotations[annotationFrontendConfig] = FrontendConfigName
		change(&args, &found)
		assert.Empty(t, args.compare(found), name)
	}
}

func TestAStaffHostThatIsAddedLaterHarmsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attached int
		// service is where the live Ingress sends the host; nowhere when empty.
		service, says string
	}{
		"where there is place for its certificate":     {14, "", ""},
		"where there is none":                          {15, "", "has 15 certificates, and with 1 more none of its changes would be taken; 14 certificates at most"},
		"where the host is somebody else's by now":     {2, "ide", "an Ingress without the host admin.example.com"},
		"where the host is the platform's own already": {2, "license-api", ""},
	} {
		args, found := fitting(), adopted([]string{ideHost, "licenses.example.com"}, theirs().metadata.Annotations, "rules", annotationCertificates)
		found.status = theirs().status
		args.Settings.Staff.Enabled = true
		found.metadata.Annotations[annotationFrontendConfig] = FrontendConfigName
		found.metadata.Annotations[annotationCertificates] = "ide,license-platform"
		found.metadata.Annotations[annotationAttached] = strings.Repeat("c,", c.attached)
		if c.service != "" {
			to := path()
			to.Backend.Service.Name = c.service
			also(&found, "admin.example.com", to)
		}
		problems := args.compare(found)
		if c.says == "" {
			assert.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		assert.Contains(t, problems[0].Why+"; "+problems[0].Allowed, c.says, name)
	}
}

func TestFieldsAreThePlatformsOnlyUnderItsOwnName(t *testing.T) {
	t.Parallel()
	found := adopted(nil, nil, "rules", annotationAllowHTTP)
	assert.True(t, found.ownsRules())
	assert.True(t, found.owns(annotationAllowHTTP))
	assert.False(t, found.owns(annotationCertificates))
	ours, other := found.metadata.ManagedFields[0], "kubectl"
	theirs := ours
	theirs.Manager = &other
	found.metadata.ManagedFields = append(found.metadata.ManagedFields[:0:0], theirs)
	assert.False(t, found.ownsRules())
	theirs.Manager = nil
	found.metadata.ManagedFields[0] = theirs
	assert.False(t, found.ownsRules(), "nobody's")
	found.metadata.ManagedFields = append(found.metadata.ManagedFields, ours)
	assert.True(t, found.ownsRules(), "others come first")
}

func TestEveryRuleIsComparedWhateverStandsBeforeIt(t *testing.T) {
	t.Parallel()
	found, at := theirs(), "/bucket"
	also(&found, "docs.example.com")
	ours := path()
	ours.Backend.Service.Name = "license-api"
	also(&found, "licenses.example.com", ours)
	also(&found, "blog.example.com", networkingv1.HTTPIngressPath{Path: &at, PathType: PathPrefix}, path())
	also(&found, "wiki.example.com", path())
	var values []string
	for _, problem := range fitting().compare(found) {
		values = append(values, problem.Value.(string))
	}
	assert.Equal(t, []string{
		"host docs.example.com without paths", "blog.example.com/bucket to no Service",
		"blog.example.com/ (Prefix) → ide:80", "wiki.example.com/ (Prefix) → ide:80",
	}, values)
}

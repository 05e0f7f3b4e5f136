package k8s_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/k8s"
	"github.com/coditect-ai/license-platform/k8s/cluster"
	"github.com/coditect-ai/license-platform/k8s/ingress"
	"github.com/coditect-ai/license-platform/k8s/isolation"
	"github.com/coditect-ai/license-platform/k8s/namespace"
)

// own is a cluster, a namespace and an Ingress of the stack's own.
func own() k8s.Settings {
	return k8s.Settings{
		Cluster: cluster.Settings{
			Name: "c", Location: "us-central1", ControlPlaneRange: "172.16.0.0/28", MachineType: "e2-standard-2",
			AuthorizedNetworks: []cluster.AuthorizedNetwork{{Name: "office", CIDR: "203.0.113.0/24"}}, MinNodes: 1, MaxNodes: 3, DiskGB: 50,
		},
		Namespace:       namespace.Settings{Name: "licenses", Create: true},
		NetworkPolicies: isolation.Settings{Dataplane: isolation.DataplaneV2},
		Ingress:         ingress.Settings{Name: "licenses"},
	}
}

// shared moves in with somebody else.
func shared() k8s.Settings {
	return k8s.Settings{
		Cluster:         cluster.Settings{Adopt: true, Name: "c", Location: "us-central1"},
		Namespace:       namespace.Settings{Name: "ide"},
		NetworkPolicies: isolation.Settings{Dataplane: isolation.Calico},
		Ingress: ingress.Settings{Name: "unified", Adopt: true, ExistingCertificates: []string{"old"}, Routes: []ingress.Route{
			{Subdomain: "api", Paths: []ingress.Path{{Path: "/", Service: "ide-api", Port: 80}}},
		}},
	}
}

func TestOwnAndSharedAreValid(t *testing.T) {
	t.Parallel()
	assert.Empty(t, own().Validate("licenses"))
	assert.Empty(t, shared().Validate("licenses"))
}

func TestEveryMistakeIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	type change = func(*k8s.Settings)
	for name, c := range map[string]struct {
		from   func() k8s.Settings
		change change
		key    string
	}{
		"a cluster without a name":              {own, func(s *k8s.Settings) { s.Cluster.Name = "" }, "cluster.name"},
		"a control plane without a /28":         {own, func(s *k8s.Settings) { s.Cluster.ControlPlaneRange = "172.16.0.0/24" }, "cluster.controlPlaneRange"},
		"a control plane on public addresses":   {own, func(s *k8s.Settings) { s.Cluster.ControlPlaneRange = "203.0.113.0/28" }, "cluster.controlPlaneRange"},
		"a control plane of IPv6":               {own, func(s *k8s.Settings) { s.Cluster.ControlPlaneRange = "fd00::/28" }, "cluster.controlPlaneRange"},
		"a control plane on Docker's addresses": {own, func(s *k8s.Settings) { s.Cluster.ControlPlaneRange = "172.17.0.0/28" }, "cluster.controlPlaneRange"},
		"a public caller of a private control plane": {own, func(s *k8s.Settings) {
			s.Cluster.PrivateEndpoint, s.Cluster.AuthorizedNetworks[0].CIDR = true, "198.20.0.0/16"
		}, "cluster.authorizedNetworks[0].cidr"},
		"more callers than GKE takes": {own, func(s *k8s.Settings) {
			s.Cluster.AuthorizedNetworks = slices.Repeat(s.Cluster.AuthorizedNetworks, 101)
		}, "cluster.authorizedNetworks"},
		"a namespace that every cluster has": {own, func(s *k8s.Settings) { s.Namespace.Name = "default" }, "namespace.name"},
		"a namespace of managed Prometheus":  {own, func(s *k8s.Settings) { s.Namespace.Name = "gmp-public" }, "namespace.name"},
		"a neighbour whose label no pod has": {shared, func(s *k8s.Settings) {
			s.NetworkPolicies.StayingWorkloads = []isolation.StayingWorkload{{Name: "x", PodLabels: map[string]string{"app": "ide api"}}}
		}, "networkPolicies.stayingWorkloads[0].podLabels.app"},
		"a neighbour whose label has no name": {shared, func(s *k8s.Settings) {
			s.NetworkPolicies.StayingWorkloads = []isolation.StayingWorkload{{Name: "x", PodLabels: map[string]string{"a/b/c": "ide"}}}
		}, "networkPolicies.stayingWorkloads[0].podLabels.a/b/c"},
		"a path that leads up":                  {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Path = "/api/.." }, "ingress.routes[0].paths[0].path"},
		"a path with a slash in disguise":       {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Path = "/a%2Fb" }, "ingress.routes[0].paths[0].path"},
		"a new Ingress with a dotted name":      {own, func(s *k8s.Settings) { s.Ingress.Name = "coditect.ai" }, "ingress.name"},
		"a caller of IPv6":                      {own, func(s *k8s.Settings) { s.Cluster.AuthorizedNetworks[0].CIDR = "2001:db8::/32" }, "cluster.authorizedNetworks[0].cidr"},
		"a Prometheus of one's own":             {own, func(s *k8s.Settings) { s.NetworkPolicies.MetricsNamespace = "monitoring" }, "networkPolicies.metricsNamespace"},
		"a control plane that nobody reaches":   {own, func(s *k8s.Settings) { s.Cluster.AuthorizedNetworks = nil }, "cluster.authorizedNetworks"},
		"a release channel of one's own":        {own, func(s *k8s.Settings) { s.Cluster.ReleaseChannel = "NIGHTLY" }, "cluster.releaseChannel"},
		"fewer nodes at most than at least":     {own, func(s *k8s.Settings) { s.Cluster.MaxNodes = 0 }, "cluster.maxNodes"},
		"no node at all":                        {own, func(s *k8s.Settings) { s.Cluster.MinNodes = 0 }, "cluster.minNodes"},
		"more nodes than a pool has":            {own, func(s *k8s.Settings) { s.Cluster.MaxNodes = 1001 }, "cluster.maxNodes"},
		"a machine in words":                    {own, func(s *k8s.Settings) { s.Cluster.MachineType = "a large one" }, "cluster.machineType"},
		"a disk that no machine has":            {own, func(s *k8s.Settings) { s.Cluster.DiskGB = 65537 }, "cluster.diskGb"},
		"a network's name of two lines":         {own, func(s *k8s.Settings) { s.Cluster.AuthorizedNetworks[0].Name = "of\nfice" }, "cluster.authorizedNetworks[0].name"},
		"a staff's host in words":               {own, func(s *k8s.Settings) { s.Ingress.Staff.Subdomain = "the staff" }, "ingress.staff.subdomain"},
		"a staff's secret in words":             {own, func(s *k8s.Settings) { s.Ingress.Staff.OAuthSecret = "the secret" }, "ingress.staff.oauthSecret"},
		"a release channel of others":           {shared, func(s *k8s.Settings) { s.Cluster.ReleaseChannel = "RAPID" }, "cluster.releaseChannel"},
		"nodes of others":                       {shared, func(s *k8s.Settings) { s.Cluster.MinNodes = 1 }, "cluster.minNodes"},
		"disks of others":                       {shared, func(s *k8s.Settings) { s.Cluster.DiskGB = 50 }, "cluster.diskGb"},
		"nodes without a machine":               {own, func(s *k8s.Settings) { s.Cluster.MachineType = "" }, "cluster.machineType"},
		"a disk that is too small":              {own, func(s *k8s.Settings) { s.Cluster.DiskGB = 5 }, "cluster.diskGb"},
		"Calico in a cluster with Dataplane V2": {own, func(s *k8s.Settings) { s.NetworkPolicies.Dataplane = isolation.Calico }, "networkPolicies.dataplane"},
		"an unknown dataplane":                  {shared, func(s *k8s.Settings) { s.NetworkPolicies.Dataplane = "iptables" }, "networkPolicies.dataplane"},
		"settings that adoption would ignore":   {shared, func(s *k8s.Settings) { s.Cluster.DeletionProtection = new(bool) }, "cluster.deletionProtection"},
		"a namespace in capitals":               {own, func(s *k8s.Settings) { s.Namespace.Name = "Licenses" }, "namespace.name"},
		"a new cluster's shared namespace":      {own, func(s *k8s.Settings) { s.Namespace.Create = false }, "namespace.create"},
		"routes of others in a new namespace":   {own, func(s *k8s.Settings) { s.Ingress.Routes = shared().Ingress.Routes }, "ingress.adopt"},
		"neighbours in a namespace of one's own": {own, func(s *k8s.Settings) {
			s.NetworkPolicies.StayingWorkloads = []isolation.StayingWorkload{{Name: "x", PodLabels: map[string]string{"a": "b"}}}
		}, "networkPolicies.stayingWorkloads"},
		"a denied namespace without its neighbours": {shared, func(s *k8s.Settings) { s.NetworkPolicies.DenyNamespace = true }, "networkPolicies.denyNamespace"},
		"a neighbour that is every pod":             {shared, func(s *k8s.Settings) { s.NetworkPolicies.StayingWorkloads = []isolation.StayingWorkload{{Name: "x"}} }, "networkPolicies.stayingWorkloads[0].podLabels"},
		"our certificate among the existing ones":   {shared, func(s *k8s.Settings) { s.Ingress.ExistingCertificates = []string{ingress.CertificateName} }, "ingress.existingCertificates[0]"},
		"a certificate twice":                       {shared, func(s *k8s.Settings) { s.Ingress.ExistingCertificates = []string{"a", "a"} }, "ingress.existingCertificates[1]"},
		"more certificates than Google serves":      {shared, func(s *k8s.Settings) { s.Ingress.ExistingCertificates = make([]string, 15) }, "ingress.existingCertificates"},
		"two routes of one host":                    {shared, func(s *k8s.Settings) { s.Ingress.Routes = append(s.Ingress.Routes, s.Ingress.Routes[0]) }, "ingress.routes[1].subdomain"},
		"a route to the license host":               {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Subdomain = "licenses" }, "ingress.routes[0].subdomain"},
		"a route to nowhere":                        {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths = nil }, "ingress.routes[0].paths"},
		"a path with a star":                        {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Path = "/*" }, "ingress.routes[0].paths[0].path"},
		"a path type of one's own":                  {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Type = "Regex" }, "ingress.routes[0].paths[0].type"},
		"a star within a path": {shared, func(s *k8s.Settings) {
			s.Ingress.Routes[0].Paths[0] = ingress.Path{Path: "/*/x", Type: ingress.PathImplementationSpecific, Service: "x", Port: 1}
		}, "ingress.routes[0].paths[0].path"},
		"a port with two names": {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].PortName = "http" }, "ingress.routes[0].paths[0].portName"},
		"a port with a name that is too long": {shared, func(s *k8s.Settings) {
			s.Ingress.Routes[0].Paths[0].Port, s.Ingress.Routes[0].Paths[0].PortName = 0, "a-port-of-the-ide"
		}, "ingress.routes[0].paths[0].portName"},
		"a path with a query":                          {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Path = "/api?v=1" }, "ingress.routes[0].paths[0].path"},
		"a host beside a subdomain":                    {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Host = "ide.example" }, "ingress.routes[0].host"},
		"a host that is no name":                       {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Subdomain, s.Ingress.Routes[0].Host = "", "ide" }, "ingress.routes[0].host"},
		"our FrontendConfig among the existing":        {shared, func(s *k8s.Settings) { s.Ingress.ExistingFrontendConfig = ingress.FrontendConfigName }, "ingress.existingFrontendConfig"},
		"a redirect by somebody else's FrontendConfig": {shared, func(s *k8s.Settings) { s.Ingress.ExistingFrontendConfig, s.Ingress.RedirectHTTP = "ide", true }, "ingress.redirectHttp"},
		"an Ingress of one's own is given back":        {own, func(s *k8s.Settings) { s.Ingress.GiveBack = true }, "ingress.giveBack"},
		"a service without a port":                     {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Paths[0].Port = 0 }, "ingress.routes[0].paths[0].port"},
		"a staff host without an OAuth client":         {shared, func(s *k8s.Settings) { s.Ingress.Staff.Enabled = true }, "ingress.staff.oauthSecret"},
		"a staff host in the license host's place": {shared, func(s *k8s.Settings) {
			s.Ingress.Staff = ingress.Staff{Enabled: true, OAuthSecret: "x", Subdomain: "licenses"}
		}, "ingress.staff.subdomain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.from()
			c.change(&s)
			var keys []string
			for _, p := range s.Validate("licenses") {
				keys = append(keys, p.Key)
			}
			assert.Contains(t, keys, c.key)
		})
	}
}

func TestObjectsOfOthersHaveTheirOwnNames(t *testing.T) {
	t.Parallel()
	s := shared()
	s.Ingress.Name, s.Ingress.ExistingCertificates, s.Ingress.ExistingFrontendConfig = "coditect.ai", []string{"coditect.ai", "www.coditect.ai"}, "tls.v2"
	s.Ingress.Staff = ingress.Staff{Enabled: true, OAuthSecret: "iap.client"}
	s.Namespace.Name = "kube-ide"
	s.NetworkPolicies.StayingWorkloads = []isolation.StayingWorkload{{Name: "x", PodLabels: map[string]string{"app.kubernetes.io/name": "ide_API.v2", "tier": ""}}}
	assert.Empty(t, s.Validate("licenses"))
}

func TestTheLeastAndTheMostAreTakenAndTheNextOnesRefused(t *testing.T) {
	t.Parallel()
	routed := func(change func(*ingress.Path)) func(*k8s.Settings) {
		return func(s *k8s.Settings) { change(&s.Ingress.Routes[0].Paths[0]) }
	}
	for name, c := range map[string]struct {
		from   func() k8s.Settings
		change func(*k8s.Settings)
		// key is empty for what is taken.
		key string
	}{
		"as many nodes at most as at least": {own, func(s *k8s.Settings) { s.Cluster.MinNodes, s.Cluster.MaxNodes = 3, 3 }, ""},
		"the most nodes, always":            {own, func(s *k8s.Settings) { s.Cluster.MinNodes, s.Cluster.MaxNodes = 1000, 1000 }, ""},
		"one node more":                     {own, func(s *k8s.Settings) { s.Cluster.MinNodes, s.Cluster.MaxNodes = 1001, 1001 }, "cluster.minNodes"},
		"the smallest disk":                 {own, func(s *k8s.Settings) { s.Cluster.DiskGB = 20 }, ""},
		"the largest disk":                  {own, func(s *k8s.Settings) { s.Cluster.DiskGB = 65536 }, ""},
		"a disk below the smallest":         {own, func(s *k8s.Settings) { s.Cluster.DiskGB = 19 }, "cluster.diskGb"},
		"as many callers as GKE takes": {own, func(s *k8s.Settings) {
			s.Cluster.AuthorizedNetworks = slices.Repeat(s.Cluster.AuthorizedNetworks, 100)
		}, ""},
		"a private caller of a private control plane": {own, func(s *k8s.Settings) {
			s.Cluster.PrivateEndpoint, s.Cluster.AuthorizedNetworks[0].CIDR = true, "10.0.0.0/8"
		}, ""},
		"a network's longest name":              {own, func(s *k8s.Settings) { s.Cluster.AuthorizedNetworks[0].Name = strings.Repeat("ö", 100) }, ""},
		"a network's name that is too long":     {own, func(s *k8s.Settings) { s.Cluster.AuthorizedNetworks[0].Name = strings.Repeat("ö", 101) }, "cluster.authorizedNetworks[0].name"},
		"the longest path":                      {shared, routed(func(p *ingress.Path) { p.Path = "/" + strings.Repeat("a", 1023) }), ""},
		"a path that is too long":               {shared, routed(func(p *ingress.Path) { p.Path = "/" + strings.Repeat("a", 1024) }), "ingress.routes[0].paths[0].path"},
		"the first port":                        {shared, routed(func(p *ingress.Path) { p.Port = 1 }), ""},
		"the last port":                         {shared, routed(func(p *ingress.Path) { p.Port = 65535 }), ""},
		"a port after the last":                 {shared, routed(func(p *ingress.Path) { p.Port = 65536 }), "ingress.routes[0].paths[0].port"},
		"a route for every other host":          {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Subdomain, s.Ingress.Routes[0].Host = "", "*" }, ""},
		"a route for the domain itself":         {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Subdomain = "" }, ""},
		"a subdomain in words":                  {shared, func(s *k8s.Settings) { s.Ingress.Routes[0].Subdomain = "the ide" }, "ingress.routes[0].subdomain"},
		"an adopted Ingress that is given back": {shared, func(s *k8s.Settings) { s.Ingress.GiveBack = true }, ""},
		"one without routes that is given back": {shared, func(s *k8s.Settings) { s.Ingress.GiveBack, s.Ingress.Routes = true, nil }, "ingress.giveBack"},
		"a FrontendConfig of theirs":            {shared, func(s *k8s.Settings) { s.Ingress.ExistingFrontendConfig = "ide" }, ""},
		"a FrontendConfig in words":             {shared, func(s *k8s.Settings) { s.Ingress.ExistingFrontendConfig = "the ide's" }, "ingress.existingFrontendConfig"},
		"fourteen certificates beside ours": {shared, func(s *k8s.Settings) {
			s.Ingress.ExistingCertificates = nil
			for i := range 14 {
				s.Ingress.ExistingCertificates = append(s.Ingress.ExistingCertificates, fmt.Sprint("c", i))
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.from()
			c.change(&s)
			var keys []string
			for _, p := range s.Validate("licenses") {
				keys = append(keys, p.Key)
			}
			if c.key == "" {
				assert.Empty(t, keys)
				return
			}
			assert.Contains(t, keys, c.key)
		})
	}
}

func TestACreatedClusterIsProtectedUnlessTheSettingsSayOtherwise(t *testing.T) {
	t.Parallel()
	on := true
	assert.True(t, cluster.Settings{}.Protected())
	assert.True(t, cluster.Settings{DeletionProtection: &on}.Protected())
	assert.False(t, cluster.Settings{DeletionProtection: new(bool)}.Protected())
}

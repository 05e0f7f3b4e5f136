package checklist

import (
	"slices"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// Design is the security checklist of the design, section by section, with its
// own words.
func Design() []Item {
	return slices.Concat(infrastructure(), networkSecurity(), application(), dataSecurity(), observability(), compliance())
}

// end is the end-to-end test's step of this name: it brings the whole stack up
// on one machine.
func end(step string) Test {
	return Test{Package: "local/e2e", Name: "TestTheWholeStackOnOneMachine", Step: step}
}

// inAPI is a test of the API on real PostgreSQL and Redis.
func inAPI(name, step string) Test { return Test{Package: "app/server", Name: name, Step: step} }

func infrastructure() []Item {
	const section = "Infrastructure Security"
	return []Item{
		{
			ID: "infrastructure.cloud-armor", Section: section, Text: "Cloud Armor policy deployed and active",
			Requirements: []Requirement{
				{Type: gcp.TypeSecurityPolicy, Name: "armor", Path: "type", Want: is("CLOUD_ARMOR"), Break: "CLOUD_ARMOR_EDGE"},
				{Type: kubernetes.TypeBackendConfig, Name: api, Path: "spec.securityPolicy.name", Want: custom("names the policy", namesThePolicy), Break: "another"},
				{Type: kubernetes.TypeService, Name: api, Path: annotation("cloud.google.com/backend-config"), Want: contains(api), Break: "{}"},
				{Type: gcp.TypeSecurityPolicyRule, Path: "preview", Want: unset(), Break: true},
			},
			Tests: []Test{end("an attack in the query is stopped by the WAF")},
		},
		{
			ID: "infrastructure.adaptive-protection", Section: section, Text: "DDoS adaptive protection enabled",
			Requirements: []Requirement{{
				Type: gcp.TypeSecurityPolicy, Name: "armor", Path: "adaptiveProtectionConfig.layer7DdosDefenseConfig.enable", Want: is(true), Break: false,
			}},
		},
		{
			ID: "infrastructure.rate-limit", Section: section, Text: "Rate limiting configured (100 req/min per IP)",
			Requirements: []Requirement{
				limited(limitsNewcomers, "rateLimitOptions.rateLimitThreshold.count", between(1, 100), 101.0),
				limited(limitsNewcomers, "rateLimitOptions.rateLimitThreshold.intervalSec", is(60.0), 10.0),
				limited(limitsEverybody, "rateLimitOptions.enforceOnKey", is("IP"), "ALL"),
				limited(limitsRate, "rateLimitOptions.exceedAction", is("deny(429)"), "allow"),
				limited(limitsEverybody, "match.config.srcIpRanges", is([]any{"*"}), []any{"192.0.2.0/24"}),
				// What has a limit of its own, because of docs/deviations.md.
				limited(limitsApart, "match", custom("is heartbeats and releases, or IPv6", matchesApart), map[string]any{"config": map[string]any{"srcIpRanges": []any{"*"}}}),
			},
			Tests: []Test{end("the 101st request in a minute from one client is throttled")},
		},
		{
			ID: "infrastructure.regions", Section: section, Text: "Geo-blocking configured (US/EU only)",
			Requirements: []Requirement{
				{Type: gcp.TypeSecurityPolicyRule, Name: "armor-deny-regions", Path: "action", Want: is("deny(403)"), Break: "allow"},
				{
					Type: gcp.TypeSecurityPolicyRule, Name: "armor-deny-regions", Path: "match.expr.expression",
					Want:  custom("allows the design's regions only, and no client whose region is unknown", regionsOfTheDesign),
					Break: "origin.region_code == '' || !'[US,KP]'.contains(origin.region_code)",
				},
				{Type: gcp.TypeSecurityPolicyRule, Name: "armor-deny-regions", Path: "priority", Want: comesBeforeLimits(), Break: 20000.0},
			},
			Tests: []Test{end("a client from a region that is not listed is stopped")},
		},
		{
			ID: "infrastructure.owasp", Section: section, Text: "OWASP rules enabled (SQLi, XSS, scanners)",
			Requirements: slices.Concat(waf("sqli"), waf("xss"), waf("scannerdetection")),
			Tests:        []Test{end("an attack in the query is stopped by the WAF")},
		},
	}
}

// limited is a requirement of the chosen rules that limit a rate.
func limited(only func(declared.Resource) bool, path string, want Want, broken any) Requirement {
	return Requirement{Type: gcp.TypeSecurityPolicyRule, Only: only, Path: path, Want: want, Break: broken}
}

// waf is what a preconfigured rule set needs to be of use.
func waf(set string) []Requirement {
	name := "armor-waf-" + set
	return []Requirement{
		{Type: gcp.TypeSecurityPolicyRule, Name: name, Path: "match.expr.expression", Want: matches(`^evaluatePreconfiguredWaf\('` + set + `-v\d+-(stable|canary)'`), Break: "false"},
		{Type: gcp.TypeSecurityPolicyRule, Name: name, Path: "action", Want: matches(`^deny\(4\d\d\)$`), Break: "allow"},
		{Type: gcp.TypeSecurityPolicyRule, Name: name, Path: "priority", Want: comesBeforeLimits(), Break: 20000.0},
	}
}

func networkSecurity() []Item {
	const section = "Network Security"
	return []Item{
		{
			ID: "network.policies", Section: section, Text: "Kubernetes NetworkPolicy blocking lateral movement",
			Requirements: []Requirement{
				{
					Type: kubernetes.TypeNetworkPolicy, Name: api, Path: "spec.ingress", Want: custom("lets no other pod reach the API", nobodyReachesTheAPI),
					Break: []any{map[string]any{}},
				},
				{
					Type: kubernetes.TypeNetworkPolicy, Name: api, Path: "spec.egress", Want: custom("lets the API reach no other pod", theAPIReachesNobody),
					Break: []any{map[string]any{}},
				},
				{Type: kubernetes.TypeNetworkPolicy, Path: "spec.policyTypes", Want: lists("Ingress", "Egress"), Break: []any{"Ingress"}},
				{Type: gcp.TypeCluster, When: gcp.TypeCluster, Path: "datapathProvider", Want: is("ADVANCED_DATAPATH"), Break: "LEGACY_DATAPATH"},
			},
			Tests: []Test{{Package: "stack", Name: "TestPodsReachWhatTheyNeedAndNothingElse"}},
		},
		{
			ID: "network.private-addresses", Section: section, Text: "Private IPs for Cloud SQL and Redis",
			Requirements: []Requirement{
				{Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.ipv4Enabled", Want: is(false), Break: true},
				{Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.privateNetwork", Want: given()},
				{Type: gcp.TypeRedisInstance, Path: "connectMode", Want: is("PRIVATE_SERVICE_ACCESS"), Break: "DIRECT_PEERING"},
				{Type: gcp.TypeRedisInstance, Path: "authorizedNetwork", Want: given()},
			},
		},
		{
			ID: "network.tls", Section: section, Text: "TLS encryption in transit (Redis + Cloud SQL)",
			Requirements: []Requirement{
				{
					Type: gcp.TypeDatabaseInstance, Path: "settings.ipConfiguration.sslMode",
					Want: oneOf("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"), Break: "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
				},
				{Type: gcp.TypeRedisInstance, Path: "transitEncryptionMode", Want: is("SERVER_AUTHENTICATION"), Break: "DISABLED"},
				{Type: kubernetes.TypeDeployment, Name: api, At: variable("REDIS_CA"), Want: given(), Break: ""},
				{Type: kubernetes.TypeFrontendConfig, Path: "spec.sslPolicy", Want: given()},
				{Type: gcp.TypeSSLPolicy, When: gcp.TypeSSLPolicy, Path: "minTlsVersion", Want: oneOf("TLS_1_2", "TLS_1_3"), Break: "TLS_1_0"},
			},
		},
		{
			ID: "network.nat", Section: section, Text: "Cloud NAT for egress (no direct internet)",
			Requirements: []Requirement{
				{Type: gcp.TypeRouterNAT, When: gcp.TypeNetwork, Path: "natIpAllocateOption", Want: given()},
				{Type: gcp.TypeNodePool, When: gcp.TypeNodePool, Path: "networkConfig.enablePrivateNodes", Want: is(true), Break: false},
				{
					Type: kubernetes.TypeNetworkPolicy, Name: api, Path: "spec.egress", Want: custom("lets the API reach no address of the internet", theAPIStaysInside),
					Break: []any{map[string]any{"to": []any{map[string]any{"ipBlock": map[string]any{"cidr": allowEverywhere}}}}},
				},
			},
		},
	}
}

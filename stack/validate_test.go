package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestAMistakeFailsBeforeAnythingIsDeclared(t *testing.T) {
	t.Parallel()
	type change = []plan.Change
	for name, c := range map[string]struct {
		stack   string
		changes change
		says    []string
	}{
		"a misspelt key is refused, at any depth": {"prod", change{
			plan.Set("kubernetes.ingress.alowHttp", true), plan.Set("network.natt", true),
		}, []string{"kubernetes.ingress.alowHttp", "network.natt", "is not a valid setting", "redirectHttp"}},
		"a misspelt key in a list is refused": {
			"prod",
			change{plan.Set("kubernetes.networkPolicies.stayingWorkloads", []any{map[string]any{"nme": "x"}})},
			[]string{"kubernetes.networkPolicies.stayingWorkloads[0].nme"},
		},
		"a section that is misspelt is told the nearest": {
			"prod",
			change{plan.Set("plattform", map[string]any{"lockdown": true})},
			[]string{`plattform = "[hidden]": is not a valid setting; allowed: platform?; one of api, armor, `},
		},
		"a setting outside of its section is told where it belongs": {
			"prod",
			change{plan.Set("lockdown", true)},
			[]string{"lockdown = true: is not a valid setting", "platform.lockdown?; that is lockdown below license-platform:platform, or: pulumi config set --path 'license-platform:platform.lockdown' VALUE --stack prod"},
		},
		"a misspelt setting outside of its section, too": {"prod", change{plan.Set("lockdwon", "on")}, []string{"lockdwon = on: ", "platform.lockdown?"}},
		"a path without --path is told the path":         {"prod", change{plan.Key("license-platform:platform.lockdown", "true")}, []string{"pulumi config set --path 'license-platform:platform.lockdown'"}},
		"a setting in another section is told its own":   {"prod", change{plan.Set("armor.lockdown", true)}, []string{"armor.lockdown = true: is not a valid setting; allowed: platform.lockdown?; here one of "}},
		"a misspelt project is told the right one":       {"prod", change{plan.Key("licence-platform:platform", "{}")}, []string{"licence-platform:platform", "license-platform:platform?"}},
		"an unknown secret stays hidden":                 {"prod", change{plan.Key("license-platform:migrationPasswort", "hunter2hunter2hunter2")}, []string{`migrationPasswort = "[hidden]": is not a valid setting; allowed: migrationPassword?`}},
		"a switch that is no switch is shown":            {"prod", change{plan.Set("platform.lockdown", "onn")}, []string{`platform.lockdown = "onn": is of the wrong type; allowed: true or false`}},
		"the license host is nobody else's, whole name or not": {"prod", change{plan.Set("kubernetes.ingress.routes", []any{map[string]any{
			"host": "licenses.coditect.ai", "paths": []any{map[string]any{"path": "/", "service": "coditect-frontend", "port": 80}},
		}})}, []string{`kubernetes.ingress.routes[0].host = "licenses.coditect.ai": is the host of the license API`}},
		"a host is written one way": {"prod", change{plan.Set("kubernetes.ingress.routes", []any{
			map[string]any{"host": "coditect.ai", "paths": []any{map[string]any{"path": "/", "service": "coditect-frontend", "port": 80}}},
			map[string]any{"paths": []any{map[string]any{"path": "/", "service": "coditect-frontend", "port": 80}}},
		})}, []string{`kubernetes.ingress.routes[0].host = "coditect.ai": is the host of another route`}},
		"a region that Google does not have":        {"dev", change{plan.Set("platform.region", "us-centrl1")}, []string{`platform.region = "us-centrl1": is not a valid region`, "us-central1?; one of ", "unlistedRegion: true"}},
		"a project in which no log bucket is found": {"dev", change{plan.Set("platform.project", "project-licenses")}, []string{`platform.project = "project-licenses": begins with "project"`}},
		"a domain without the dot at its end":       {"dev", change{plan.Set("platform.domain", "Dev.Coditect.ai.")}, []string{`platform.domain = "Dev.Coditect.ai.": has the wrong form; allowed: dev.coditect.ai?; a domain such as coditect.ai`}},
		"a domain in the letters of the DNS":        {"dev", change{plan.Set("platform.domain", "müller.de")}, []string{"allowed: xn--mller-kva.de?"}},
		"a certificate takes the license host":      {"dev", change{plan.Set("platform.domain", strings.Repeat("a", 52)+".ai")}, []string{"platform.domain", "of 64 characters, which is too long for a certificate of Google's; allowed: at most 54 characters"}},
		"a certificate takes the staff's host": {"dev", change{
			plan.Set("platform.domain", strings.Repeat("a", 51)+".ai"), plan.Set("kubernetes.ingress.staff", map[string]any{"enabled": true, "oauthSecret": "x", "subdomain": "administration"}),
		}, []string{"1 setting is wrong", `kubernetes.ingress.staff.subdomain = "administration"`, "of 69 characters", "at most 63 characters"}},
		"an image for Arm needs machines with Arm": {"dev", change{plan.Set("api.platform", "linux/arm64")}, []string{
			`kubernetes.cluster.machineType = "e2-standard-2": has x86 processors, but api.platform = "linux/arm64" is an image for Arm`,
		}},
		"machines with Arm need an image for Arm": {"dev", change{plan.Set("kubernetes.cluster.machineType", "t2a-standard-2")}, []string{
			`kubernetes.cluster.machineType = "t2a-standard-2": has Arm processors, but api.platform = "linux/amd64" is an image for x86`,
		}},
		"a node has the CPU of a pod":    {"dev", change{plan.Set("api.cpu", "2")}, []string{`api.cpu = "2": is more than the 1930m that GKE leaves to the pods of a node of kubernetes.cluster.machineType = e2-standard-2; allowed: less, or a larger machine type`}},
		"a node has the memory of a pod": {"dev", change{plan.Set("api.memory", "7Gi")}, []string{`api.memory = "7Gi": is more than the 6249Mi that`}},
		"all nodes have room for all pods": {"dev", change{plan.Set("api.replicas", map[string]any{"min": 9, "max": 10}), plan.Set("api.cpu", "1"), plan.Set("kubernetes.cluster.maxNodes", 3)}, []string{
			"api.replicas.min = 9: makes 10 pods in a rollout, but 9 nodes of e2-standard-2 have room for 9; allowed: at most 8, more kubernetes.cluster.maxNodes or a larger machine type",
		}},
		"the migration is told of all licences": {"prod", change{plan.Set("identity.tenants", tenants(700))}, []string{"identity.tenants = 700: are with their licences ", "of the migration's environment, which takes 131063"}},
		"a tier has the memory of a flag":       {"dev", change{plan.Set("data.sql.flags", map[string]any{"shared_buffers": "16384"})}, []string{`data.sql.flags.shared_buffers = "16384": is not 10 to 60 % of the instance's memory of 3840 MiB`, "49152 to 294912"}},
		"a password without its user":           {"prod", change{plan.Plain("migrationPassword", "the-License-Migrate-password")}, []string{`migrationPassword = "[hidden]": has the name of its user in it, license-migrate`}},
		"an alert has 16 channels":              {"prod", change{plan.Set("observe.emails", emails(17))}, []string{"observe.emails = 17: are more than an alert notifies; allowed: at most 16"}},
		"an alert has 16 channels, PagerDuty among them": {"prod", change{
			plan.Set("observe.emails", emails(16)), plan.Plain("pagerDutyKey", "0123456789abcdef0123456789abcdef"),
		}, []string{"observe.emails = 16: are with PagerDuty more than an alert notifies; allowed: at most 15"}},
		"a zone is no region":                        {"dev", change{plan.Set("platform.region", "us-central1-a")}, []string{`platform.region = "us-central1-a": is not a valid region`, "us-central1?; "}},
		"a known region is not unlisted":             {"dev", change{plan.Set("platform.unlistedRegion", true)}, []string{"platform.unlistedRegion"}},
		"an unlisted region has the form of one":     {"dev", change{plan.Set("platform.region", "Mars"), plan.Set("platform.unlistedRegion", true)}, []string{`platform.region = "Mars"`}},
		"backups are kept in a region":               {"dev", change{plan.Set("data.sql.backup.location", "europe-wset1")}, []string{"data.sql.backup.location", "europe-west1?; "}},
		"a zone has one letter":                      {"prod", change{plan.Set("kubernetes.cluster.location", "us-central1-zz")}, []string{"kubernetes.cluster.location"}},
		"a missing object is named":                  {"prod", change{plan.Unset("armor")}, []string{"armor", "is missing from the stack's file"}},
		"a wrong type is named with its path":        {"prod", change{plan.Set("api.replicas.min", "three")}, []string{`api.replicas.min = "three": is of the wrong type`, "a whole number"}},
		"a missing password names the command":       {"prod", change{plan.Unset("migrationPassword")}, []string{"migrationPassword", "pulumi config set --secret migrationPassword --stack prod"}},
		"a plain password is refused":                {"prod", change{plan.Plain("migrationPassword", "a-password-that-was-seen")}, []string{"migrationPassword", "in plain text"}},
		"a short password is refused":                {"prod", change{plan.Plain("migrationPassword", "short")}, []string{"is too short"}},
		"there is one way to log in to the database": {"local", change{plan.Set("data.sql.login", "password")}, []string{"data.sql.login", "is not a valid setting"}},
		"the API has no database password":           {"local", change{plan.Plain("databasePassword", "a-password-of-before")}, []string{"databasePassword", "is not a valid setting"}},
		"pods have addresses for every node": {"dev", change{plan.Set("kubernetes.cluster.maxNodes", 86)}, []string{
			"network.podsRange", "has a /24 for 256 nodes", "kubernetes.cluster.maxNodes = 86 makes up to 258 in 3 zones",
		}},
		"a subnet has an address for every node": {"dev", change{plan.Set("network.nodesRange", "10.10.0.0/29")}, []string{"network.nodesRange", "has 4 addresses for nodes"}},
		"the database has connections for every pod": {"prod", change{plan.Set("api.replicas.max", 60)}, []string{
			"api.replicas.max = 60", "61 pods with 8 connections each need 498, but data.sql.tier db-custom-2-7680 takes 400", "at most ",
		}},
		"the database has the connections that a flag says":  {"dev", change{plan.Set("data.sql.flags", map[string]any{"max_connections": "30"})}, []string{"api.replicas.max", "takes 30"}},
		"a rate limit's mistake is named by its own setting": {"prod", change{plan.Set("armor.rateLimit.count", -1)}, []string{"1 setting is wrong", "armor.rateLimit.count = -1: "}},
		"a machine's own addresses are no network's":         {"dev", change{plan.Set("network.privateServicesRange", "127.0.0.0/20")}, []string{"network.privateServicesRange", "a machine's own addresses"}},
		"ranges must not overlap":                            {"dev", change{plan.Set("network.privateServicesRange", "10.20.0.0/20")}, []string{"shares addresses with network.podsRange"}},
		"the control plane has its own range":                {"dev", change{plan.Set("kubernetes.cluster.controlPlaneRange", "10.10.0.0/28")}, []string{"kubernetes.cluster.controlPlaneRange", "network.nodesRange"}},
		"the cluster lies in the region":                     {"prod", change{plan.Set("kubernetes.cluster.location", "europe-west1")}, []string{"outside of platform.region us-central1"}},
		"a zone elsewhere is no zone of it":                  {"prod", change{plan.Set("kubernetes.cluster.location", "us-central10-a")}, []string{"outside of platform.region us-central1"}},
		"an adopted cluster needs its network":               {"dev", change{plan.Set("kubernetes.cluster", map[string]any{"adopt": true, "name": "x", "location": "us-central1"})}, []string{"network.adopt", "identity.nodeAccount"}},
		"a new cluster has no shared namespace":              {"dev", change{plan.Set("kubernetes.namespace.create", false)}, []string{"kubernetes.namespace.create"}},
		"a shared namespace is not denied blindly": {
			"prod",
			change{plan.Set("kubernetes.networkPolicies.denyNamespace", true)},
			[]string{"kubernetes.networkPolicies.denyNamespace", "stayingWorkloads"},
		},
		"the license host is nobody else's": {"prod", change{plan.Set("kubernetes.ingress.routes", []any{map[string]any{
			"subdomain": "licenses", "paths": []any{map[string]any{"path": "/", "service": "x", "port": 80}},
		}})}, []string{"kubernetes.ingress.routes[0].subdomain"}},
		"an image has a digest":                {"prod", change{plan.Set("api.image", "repository/license-api:latest")}, []string{"api.image", "by digest"}},
		"endpoints come all or not at all":     {"local", change{plan.Set("endpoints", map[string]any{"kms": "kms.local:1"})}, []string{"endpoints.kms", "endpoints.secretManager", "endpoints.sqlAdmin", "endpoints.identityKeys", "endpoints.registry", "endpoints.ca"}},
		"sign-in's keys are at www":            {"prod", change{plan.Set("network.googleApisRange", "199.36.153.4/30")}, []string{"network.googleApisRange", "www.googleapis.com"}},
		"googleapis.com goes to Google":        {"prod", change{plan.Set("network.googleApisRange", "10.99.0.0/30")}, []string{"network.googleApisRange", "199.36.153.8/30"}},
		"the internet is no authorized client": {"dev", change{plan.Set("kubernetes.cluster.authorizedNetworks", []any{map[string]any{"name": "all", "cidr": "0.0.0.0/0"}})}, []string{"kubernetes.cluster.authorizedNetworks[0].cidr"}},
		"Google's checkers must be let in":     {"prod", change{plan.Set("armor.regions.allowed", []any{"DE", "BE"})}, []string{"observe.uptime.disabled", "lets in 1 of Google's checkers"}},
		"a limit that loses seats is refused with its numbers": {"prod", change{plan.Set("armor.seats", map[string]any{"count": 50})}, []string{
			"armor.seats.count", "lets one address send 50 heartbeats in 60 s", "200 devices with a heartbeat each 100 s send 120", "lost after 300 s", "at least 120",
		}},
		"more devices than a limit can let through": {"prod", change{plan.Set("armor.seats", map[string]any{"devices": 900_000})}, []string{"armor.seats.devices", "more than Cloud Armor has"}},
		"a backend's name must be whole":            {"dev", change{plan.Set("kubernetes.namespace.name", "a-namespace-of-27-characters")}, []string{"kubernetes.namespace.name", "at most 25 characters"}},
		"mistakes of all layers come together": {"prod", change{
			plan.Set("platform.project", "X"), plan.Set("armor.mode", "perhaps"), plan.Set("network.name", ""),
			plan.Set("kubernetes.cluster.name", ""), plan.Set("api.replicas.max", 1), plan.Set("identity.mfa", "SOMETIMES"),
			plan.Set("data.redis.tier", "NONE"), plan.Set("observe.retentionDays", -1), plan.Unset("migrationPassword"),
		}, []string{"platform.project", "armor.mode", "network.name", "kubernetes.cluster.name", "api.replicas", "identity.mfa", "data.redis.tier", "observe.retentionDays", "migrationPassword"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := stacktest.Try(t, c.stack, c.changes...)
			require.Error(t, err)
			for _, text := range c.says {
				assert.ErrorContains(t, err, text)
			}
			assert.Empty(t, made.Resources)
			assert.NotContains(t, err.Error(), "a-password-that-was-seen")
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// tenants are so many with a licence each.
func tenants(n int) []any {
	all := make([]any, n)
	for i := range all {
		name := fmt.Sprintf("a-tenant-with-a-long-name-%d", i)
		all[i] = map[string]any{"name": name, "displayName": "tenant", "licenses": []any{
			map[string]any{"id": name + "-floating", "product": "coditect-ide-for-large-teams", "seats": 100, "leaseSeconds": 300},
		}}
	}
	return all
}

// emails are so many addresses.
func emails(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = fmt.Sprintf("ops-%d@coditect.ai", i)
	}
	return all
}

func TestADomainOfAnotherAlphabetIsTakenAsTheDNSHasIt(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev", plan.Set("platform.domain", "xn--e1afmkfd.xn--p1ai"), plan.Set("platform.lockdown", true))
	assert.Equal(t, []any{"licenses.xn--e1afmkfd.xn--p1ai"}, made.One(t, managedCertificate, "license-platform-certificate").Get("spec.domains"))
}

func TestANewerRegionIsTakenWhenTheSettingsSayThatItIsMeant(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev", plan.Set("platform.region", "europe-south1"), plan.Set("platform.unlistedRegion", true))
	assert.Equal(t, "europe-south1", made.One(t, "gcp:sql/databaseInstance:DatabaseInstance", "stores").Get("region"))
}

func TestALockdownIsTakenInEveryWordThatYAMLHasForIt(t *testing.T) {
	t.Parallel()
	declared := func(lockdown any) map[string]any {
		all := map[string]any{}
		for _, r := range stacktest.Deploy(t, "prod", plan.Set("platform.lockdown", lockdown)).Resources {
			all[r.URN] = r.Inputs()
		}
		return all
	}
	locked, open := declared(true), declared(false)
	require.NotEqual(t, open, locked)
	for _, word := range []string{"on", "yes", "True", "ON"} {
		assert.Equal(t, locked, declared(word), word)
	}
	assert.Equal(t, open, declared("off"))
}

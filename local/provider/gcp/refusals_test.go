package gcp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/provider/gcp"
)

// instance is a Cloud SQL instance that the API takes, with one change.
func instance(path string, value any) map[string]any {
	inputs := map[string]any{
		"name": "db", "databaseVersion": "POSTGRES_16", "region": region, "deletionProtection": false,
		"settings": map[string]any{
			"tier": "db-custom-2-7680", "edition": "ENTERPRISE", "availabilityType": "ZONAL",
			"ipConfiguration":     map[string]any{"privateNetwork": "projects/" + project + "/global/networks/net"},
			"backupConfiguration": map[string]any{"enabled": true, "transactionLogRetentionDays": 7},
			"databaseFlags":       []any{map[string]any{"name": "log_connections", "value": "on"}},
		},
	}
	return changed(inputs, path, value)
}

// rule is a rate rule that the API takes, with one change.
func rule(path string, value any) map[string]any {
	inputs := map[string]any{
		"action": "rate_based_ban", "priority": 1000, "securityPolicy": "armor",
		"match": map[string]any{"versionedExpr": "SRC_IPS_V1", "config": map[string]any{"srcIpRanges": []any{"*"}}},
		"rateLimitOptions": map[string]any{
			"conformAction": "allow", "exceedAction": "deny(429)", "banDurationSec": 600,
			"rateLimitThreshold": map[string]any{"count": 100, "intervalSec": 60},
		},
	}
	return changed(inputs, path, value)
}

// changed sets the value at a path, or removes it when value is nil.
func changed(inputs map[string]any, path string, value any) map[string]any {
	if path == "" {
		return inputs
	}
	parts := strings.Split(path, ".")
	object := inputs
	for _, part := range parts[:len(parts)-1] {
		object = object[part].(map[string]any)
	}
	if value == nil {
		delete(object, parts[len(parts)-1])
	} else {
		object[parts[len(parts)-1]] = value
	}
	return inputs
}

func ranges(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = "203.0.113.0/24"
	}
	return list
}

func TestWhatTheAPIsRefuseIsRefused(t *testing.T) {
	t.Parallel()
	ring := "projects/" + project + "/locations/" + region + "/keyRings/ring"
	foreign := "projects/" + project + "/locations/europe-west1/keyRings/ring/cryptoKeys/k"
	for title, c := range map[string]struct {
		typ    string
		inputs map[string]any
		reason string // empty: accepted
	}{
		"rotation of an asymmetric key":       {gcp.TypeCryptoKey, map[string]any{"keyRing": ring, "purpose": "ASYMMETRIC_SIGN", "rotationPeriod": "7776000s", "versionTemplate": map[string]any{"algorithm": "RSA_SIGN_PKCS1_4096_SHA512"}}, "only ENCRYPT_DECRYPT keys support automatic rotation"},
		"rotation faster than a day":          {gcp.TypeCryptoKey, map[string]any{"keyRing": ring, "rotationPeriod": "3600s"}, "must be between 86400s"},
		"a signing key without an algorithm":  {gcp.TypeCryptoKey, map[string]any{"keyRing": ring, "purpose": "ASYMMETRIC_SIGN"}, "version_template.algorithm must be set"},
		"a symmetric key that would sign":     {gcp.TypeCryptoKey, map[string]any{"keyRing": ring, "versionTemplate": map[string]any{"algorithm": "RSA_SIGN_PKCS1_4096_SHA512"}}, "not valid for purpose ENCRYPT_DECRYPT"},
		"a quarterly symmetric key":           {gcp.TypeCryptoKey, map[string]any{"keyRing": ring, "rotationPeriod": "7776000s"}, ""},
		"a good instance":                     {gcp.TypeDatabaseInstance, instance("", nil), ""},
		"db-custom without an edition":        {gcp.TypeDatabaseInstance, instance("settings.edition", nil), "Invalid Tier (db-custom-2-7680) for (ENTERPRISE_PLUS) Edition"},
		"db-custom with ENTERPRISE_PLUS":      {gcp.TypeDatabaseInstance, instance("settings.edition", "ENTERPRISE_PLUS"), "for (ENTERPRISE_PLUS) Edition"},
		"an odd number of CPUs":               {gcp.TypeDatabaseInstance, instance("settings.tier", "db-custom-3-7680"), "even number up to 96"},
		"too little memory":                   {gcp.TypeDatabaseInstance, instance("settings.tier", "db-custom-2-1024"), "at least 3840 MB"},
		"30 days of logs":                     {gcp.TypeDatabaseInstance, instance("settings.backupConfiguration.transactionLogRetentionDays", 30), "between 1 and 7"},
		"REGIONAL without backups":            {gcp.TypeDatabaseInstance, changed(instance("settings.availabilityType", "REGIONAL"), "settings.backupConfiguration.enabled", false), "must be enabled for an instance with availabilityType REGIONAL"},
		"MySQL":                               {gcp.TypeDatabaseInstance, instance("databaseVersion", "MYSQL_8_0"), "runs PostgreSQL only"},
		"a key of another region":             {gcp.TypeDatabaseInstance, instance("encryptionKeyName", foreign), "must be in the same location"},
		"a Redis key of another region":       {gcp.TypeRedisInstance, map[string]any{"memorySizeGb": 1, "region": region, "customerManagedKey": foreign}, "must be in the same location"},
		"a Redis tier that is none":           {gcp.TypeRedisInstance, map[string]any{"memorySizeGb": 1, "tier": "GOLD"}, "expected tier to be one of"},
		"an IAM user with a password":         {"gcp:sql/user:User", map[string]any{"instance": "db", "name": "a@p.iam", "type": "CLOUD_IAM_SERVICE_ACCOUNT", "password": "x"}, "must not have a password"},
		"an IAM user with its whole address":  {"gcp:sql/user:User", map[string]any{"instance": "db", "name": "a@p.iam.gserviceaccount.com", "type": "CLOUD_IAM_SERVICE_ACCOUNT"}, "without .gserviceaccount.com"},
		"a good rate rule":                    {gcp.TypeSecurityPolicyRule, rule("", nil), ""},
		"a rate rule without a threshold":     {gcp.TypeSecurityPolicyRule, rule("rateLimitOptions.rateLimitThreshold", nil), "'resource.rateLimitOptions.rateLimitThreshold' not specified"},
		"a rate rule without conformAction":   {gcp.TypeSecurityPolicyRule, rule("rateLimitOptions.conformAction", nil), "conformAction' not specified"},
		"a ban without a duration":            {gcp.TypeSecurityPolicyRule, rule("rateLimitOptions.banDurationSec", nil), "banDurationSec' not specified"},
		"a throttle with a ban":               {gcp.TypeSecurityPolicyRule, rule("action", "throttle"), "only be set for action rate_based_ban"},
		"a window of 45 seconds":              {gcp.TypeSecurityPolicyRule, rule("rateLimitOptions.rateLimitThreshold.intervalSec", 45), "Must be one of [10 30 60"},
		"a ban count over 10 000":             {gcp.TypeSecurityPolicyRule, rule("rateLimitOptions.rateLimitThreshold.count", 10001), "between 1 and 10000"},
		"11 ranges":                           {gcp.TypeSecurityPolicyRule, rule("match.config.srcIpRanges", ranges(11)), "at most 10 IP ranges"},
		"10 ranges":                           {gcp.TypeSecurityPolicyRule, rule("match.config.srcIpRanges", ranges(10)), ""},
		"a range that is none":                {gcp.TypeSecurityPolicyRule, rule("match.config.srcIpRanges", []any{"everyone"}), "Must be a CIDR range"},
		"an expression and ranges":            {gcp.TypeSecurityPolicyRule, rule("match.expr", map[string]any{"expression": "true"}), "exactly one of expr and versionedExpr"},
		"a long description":                  {gcp.TypeSecurityPolicyRule, rule("description", strings.Repeat("x", 65)), "at most 64 characters"},
		"an action that is none":              {gcp.TypeSecurityPolicyRule, rule("action", "block"), "expected action to be one of"},
		"rate options on a deny":              {gcp.TypeSecurityPolicyRule, rule("action", "deny(403)"), "only be set for the actions throttle and rate_based_ban"},
		"TLS 1.3 in this provider's version":  {gcp.TypeSSLPolicy, map[string]any{"minTlsVersion": "TLS_1_3"}, "expected minTlsVersion to be one of"},
		"an upper-case name":                  {gcp.TypeNetwork, map[string]any{"name": "VPC"}, "Must be a match of regex"},
		"a firewall without rules":            {"gcp:compute/firewall:Firewall", map[string]any{"network": "n"}, "one of `allows,denies` must be specified"},
		"a peering range without its network": {gcp.TypeGlobalAddress, map[string]any{"purpose": "VPC_PEERING"}, "A network is required"},
		"Dataplane V2 with Calico":            {gcp.TypeCluster, map[string]any{"datapathProvider": "ADVANCED_DATAPATH", "networkPolicy": map[string]any{"enabled": true}}, "DatapathProvider=ADVANCED_DATAPATH is not allowed"},
		"a member without a kind":             {"gcp:projects/iAMMember:IAMMember", map[string]any{"project": project, "role": "roles/viewer", "member": "me@example.com"}, "Invalid value for member"},
		"a role that is none":                 {"gcp:projects/iAMMember:IAMMember", map[string]any{"project": project, "role": "viewer", "member": "user:me@example.com"}, "Must be a match of regex"},
		"a secret with both replications":     {gcp.TypeSecret, map[string]any{"secretId": "s", "replication": map[string]any{"auto": map[string]any{}, "userManaged": map[string]any{}}}, "exactly one of"},
		"a secret over 64 KiB":                {gcp.TypeSecretVersion, map[string]any{"secret": "s", "secretData": strings.Repeat("x", 65537)}, "at most 65536 are allowed"},
		"a log bucket for 11 years":           {gcp.TypeLogBucket, map[string]any{"project": project, "location": region, "bucketId": "b", "retentionDays": 4015}, "between 1 and 3650"},
		"a sink to nowhere":                   {"gcp:logging/projectSink:ProjectSink", map[string]any{"destination": "file:///tmp"}, "Invalid destination"},
		"an audit log that is none":           {"gcp:projects/iAMAuditConfig:IAMAuditConfig", map[string]any{"project": project, "service": "x", "auditLogConfigs": []any{map[string]any{"logType": "EVERYTHING"}}}, "to be one of"},
		"a key ring without a location":       {gcp.TypeKeyRing, map[string]any{"name": "r"}, `The argument "location" is required`},
		"a tenant with a space":               {gcp.TypeTenant, map[string]any{"displayName": "a tenant"}, "Must be a match of regex"},
		"a zone without the dot":              {gcp.TypeManagedZone, map[string]any{"dnsName": "googleapis.com"}, "must end with a dot"},
		"PromQL beside another condition": {"gcp:monitoring/alertPolicy:AlertPolicy", map[string]any{"combiner": "OR", "displayName": "a", "conditions": []any{
			map[string]any{"displayName": "1", "conditionPrometheusQueryLanguage": map[string]any{"query": "up"}}, map[string]any{"displayName": "2"},
		}}, "can have no other condition"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			reasons := newCloud(t).check(c.typ, c.inputs)
			if c.reason == "" {
				assert.Empty(t, reasons)
				return
			}
			assert.Contains(t, strings.Join(reasons, "\n"), c.reason)
		})
	}
}

func TestAKeyEncryptsOnlyWithTheServiceAgentsGrant(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.peering()
	ungranted, granted := c.key("ungranted", ""), c.key("granted", "gcp-sa-cloud-sql")
	_, _, err := c.create(gcp.TypeDatabaseInstance, "db", instance("encryptionKeyName", ungranted))
	require.ErrorContains(t, err, "does not have permission to use the Cloud KMS key")
	_, _, err = c.create(gcp.TypeDatabaseInstance, "db", instance("encryptionKeyName", ungranted+"-missing"))
	require.ErrorContains(t, err, "does not exist")
	c.must(gcp.TypeDatabaseInstance, "db", instance("encryptionKeyName", granted))
	assert.Contains(t, c.real.did, "instance db 127.77.16.2:5432 on")
}

func TestWhatIsUsedCannotBeDeleted(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	policy, _ := c.must(gcp.TypeSecurityPolicy, "armor", map[string]any{"name": "armor"})
	c.must(gcp.TypeSecurityPolicyRule, "rate", rule("", nil))
	_, _, err := c.create(gcp.TypeSecurityPolicyRule, "twin", rule("", nil))
	require.ErrorContains(t, err, "already exists", "one rule a priority")
	_, _, err = c.create(gcp.TypeSecurityPolicyRule, "lost", rule("securityPolicy", "none"))
	require.ErrorContains(t, err, "was not found")

	attached := c.attach("armor")
	require.ErrorContains(t, c.delete(gcp.TypeSecurityPolicy, policy), "already being used by BackendConfig 'ns/api'")
	attached.detach()
	require.NoError(t, c.delete(gcp.TypeSecurityPolicy, policy))

	c.peering()
	id, _ := c.must(gcp.TypeDatabaseInstance, "db", instance("deletionProtection", true))
	require.ErrorContains(t, c.delete(gcp.TypeDatabaseInstance, id), "is protected")
}

func TestKeysAndRingsOutliveTheirDeletion(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	key := c.key("signing", "")
	require.NoError(t, c.delete(gcp.TypeCryptoKey, key))
	_, exists := c.store.Get(gcp.TypeCryptoKey, key)
	assert.True(t, exists, "Cloud KMS has no deletion of keys")
	id, _ := c.must(gcp.TypeCryptoKey, "again", map[string]any{"name": "signing", "keyRing": strings.TrimSuffix(key, "/cryptoKeys/signing")})
	assert.Equal(t, key, id, "and the next stack takes it up again")
	_, _, err := c.create(gcp.TypeCryptoKey, "twin", map[string]any{"name": "signing", "keyRing": strings.TrimSuffix(key, "/cryptoKeys/signing")})
	require.ErrorContains(t, err, "already exists")
}

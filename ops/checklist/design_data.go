package checklist

import (
	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

func dataSecurity() []Item {
	const section = "Data Security"
	return []Item{
		{
			ID: "data.signing", Section: section, Text: "Cloud KMS license signing verified",
			Requirements: []Requirement{
				{Type: gcp.TypeCryptoKey, Name: signingKey, Path: "purpose", Want: is("ASYMMETRIC_SIGN"), Break: "ENCRYPT_DECRYPT"},
				{Type: gcp.TypeCryptoKey, Name: signingKey, Path: "versionTemplate.algorithm", Want: is("RSA_SIGN_PKCS1_4096_SHA512"), Break: "RSA_SIGN_PKCS1_2048_SHA256"},
				{Type: gcp.TypeCryptoKeyVersion, Path: "state", Want: is("ENABLED"), Break: "DISABLED"},
				{Type: kubernetes.TypeDeployment, Name: api, At: variable("KMS_KEY_VERSION"), Want: contains("cryptoKeyVersions/"), Break: ""},
				{Type: gcp.TypeCryptoKeyMember, Only: signs, Path: "member", Want: matches(`^serviceAccount:license-api@`), Break: "allUsers"},
			},
			Tests: []Test{end("five seats can be acquired and each token verifies from the public keys, the sixth is refused")},
		},
		{
			ID: "data.encryption-at-rest", Section: section, Text: "Encryption at rest (CMEK)",
			Requirements: []Requirement{
				{Type: gcp.TypeDatabaseInstance, Path: "encryptionKeyName", Want: given()},
				{Type: gcp.TypeRedisInstance, Path: "customerManagedKey", Want: given()},
				{Type: gcp.TypeSecret, Path: "replication.userManaged.replicas[0].customerManagedEncryption.kmsKeyName", Want: given()},
				{Type: gcp.TypeRepository, Path: "kmsKeyName", Want: given()},
				{Type: gcp.TypeLogBucket, Path: "cmekSettings.kmsKeyName", Want: given()},
				{Type: gcp.TypeCluster, When: gcp.TypeCluster, Path: "databaseEncryption.keyName", Want: given()},
				{Type: gcp.TypeNodePool, When: gcp.TypeNodePool, Path: "nodeConfig.bootDiskKmsKey", Want: given()},
				{Type: gcp.TypeCryptoKey, Only: symmetric, Path: "rotationPeriod", Want: custom("is at most 90 days", atMostDays(90)), Break: "31536000s"},
			},
		},
		{
			ID: "data.tenants", Section: section, Text: "Multi-tenant row-level isolation tested",
			Tests: []Test{inAPI("TestNoMethodOfTheLedgerCrossesTenants", ""), inAPI("TestTheDatabaseItselfKeepsTenantsApart", "")},
		},
		{
			ID: "data.backups", Section: section, Text: "Database backups enabled (30-day retention)",
			Requirements: []Requirement{
				{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.enabled", Want: is(true), Break: false},
				{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.backupRetentionSettings.retainedBackups", Want: atLeast(30), Break: 7.0},
				{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.backupRetentionSettings.retentionUnit", Want: is("COUNT"), Break: "NONE"},
				{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.pointInTimeRecoveryEnabled", Want: is(true), Break: false},
				{Type: gcp.TypeDatabaseInstance, Path: "settings.backupConfiguration.transactionLogRetentionDays", Want: atLeast(7), Break: 1.0},
			},
		},
	}
}

// signs selects the grants that let somebody sign.
func signs(r declared.Resource) bool { return r.Text("role") == "roles/cloudkms.signer" }

func observability() []Item {
	const section = "Observability"
	items := []Item{
		{
			ID: "observability.alerts", Section: section, Text: "Prometheus alerts configured",
			Tests: []Test{{Package: "tools/alerts", Name: "TestAnAlertFiresOverTheSeriesOfItsIncidentAndNotBefore"}},
		},
		{
			ID: "observability.logs", Section: section, Text: "Log export to Cloud Logging",
			Requirements: []Requirement{
				{Type: gcp.TypeLogSink, Path: "destination", Want: matches(`^logging\.googleapis\.com/`), Break: "storage.googleapis.com/somewhere"},
				{Type: gcp.TypeLogSink, Path: "filter", Want: custom("keeps the workloads, the requests and the audit trail", keepsEverything), Break: `severity>=ERROR`},
				{Type: gcp.TypeLogBucket, Path: "retentionDays", Want: atLeast(30), Break: 1.0},
				{Type: gcp.TypeCluster, When: gcp.TypeCluster, Path: "loggingConfig.enableComponents", Want: lists("SYSTEM_COMPONENTS", "WORKLOADS"), Break: []any{"SYSTEM_COMPONENTS"}},
			},
		},
		{
			ID: "observability.sampling", Section: section, Text: "100% request sampling for audit trail",
			Requirements: []Requirement{
				{Type: kubernetes.TypeBackendConfig, Name: api, Path: "spec.logging.enable", Want: is(true), Break: false},
				{Type: kubernetes.TypeBackendConfig, Name: api, Path: "spec.logging.sampleRate", Want: is(1.0), Break: 0.5},
			},
		},
		{
			ID: "observability.incidents", Section: section, Text: "Incident response runbook tested",
			Requirements: []Requirement{
				{Lockdown: true, Type: gcp.TypeSecurityPolicyRule, Name: "armor-lockdown", Path: "action", Want: is("deny(403)"), Break: "allow"},
				{Lockdown: true, Type: gcp.TypeSecurityPolicyRule, Name: "armor-lockdown", Path: "priority", Want: custom("comes before every other rule", comesFirst), Break: 20000.0},
				{Lockdown: true, Type: gcp.TypeSecurityPolicyRule, Name: "armor-lockdown", Path: "match.expr.expression", Want: contains("licenses."), Break: "true"},
				{Lockdown: true, Type: gcp.TypeTenant, Path: "disableAuth", Want: is(true), Break: false},
				{Lockdown: true, Type: gcp.TypeCryptoKeyMember, Path: "role", Want: noneOf("roles/cloudkms.signer", "roles/cloudkms.signerVerifier", "roles/cloudkms.admin"), Break: "roles/cloudkms.signer"},
			},
			Tests: []Test{{Package: "docs", Name: "TestEveryPlaybookBelongsToAnAlert"}},
			Note:  "the plan proves the lockdown; people have to rehearse the runbook",
		},
	}
	for _, name := range []string{
		"HighAuthenticationFailureRate", "PotentialDDoSAttack", "CloudKMSSigningFailures", "DatabaseConnectionPoolExhausted",
	} {
		items[0].Requirements = append(items[0].Requirements, Requirement{
			Type: gcp.TypeAlertPolicy, Name: "observe-" + name, Path: "conditions[0].conditionPrometheusQueryLanguage.query", Want: given(), Break: "",
		})
	}
	items[0].Requirements = append(
		items[0].Requirements,
		Requirement{Type: gcp.TypeAlertPolicy, Path: "notificationChannels", Want: someItems(), Break: []any{}},
		Requirement{Type: kubernetes.TypePodMonitoring, Path: "spec.endpoints", Want: someItems(), Break: []any{}},
	)
	return items
}

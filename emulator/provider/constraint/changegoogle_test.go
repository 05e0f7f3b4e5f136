package constraint_test

import "github.com/coditect-ai/license-platform/emulator/provider/gcp"

// upstream is the provider's source in the version that pulumi-gcp 7.38 is made of.
const upstream = "https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/"

// settledGoogle says it for every type of Google Cloud that a stack declares.
func settledGoogle() []settled {
	google := func(typ, replaces, updates, source string) settled {
		return settled{typ: typ, replaces: words(replaces), updates: words(updates), source: upstream + source}
	}
	member := func(typ, on string) settled {
		return google(typ, on+" role member condition", "", "tpgiamresource/resource_iam_member.go")
	}
	return []settled{
		google(gcp.TypeRepository, "project location repositoryId format kmsKeyName mode", "description cleanupPolicies cleanupPolicyDryRun dockerConfig labels", "services/artifactregistry/resource_artifact_registry_repository.go"),
		member("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "project location repository"),
		google(gcp.TypeAdmissionPolicy, "project", "defaultAdmissionRule admissionWhitelistPatterns description globalPolicyEvaluationMode", "services/binaryauthorization/resource_binary_authorization_policy.go"),
		google("gcp:compute/firewall:Firewall", "project name direction", "network allows denies description sourceRanges destinationRanges logConfig priority", "services/compute/resource_compute_firewall.go"),
		google(gcp.TypeGlobalAddress, "project name address addressType description ipVersion network prefixLength purpose", "labels", "services/compute/resource_compute_global_address.go"),
		google(gcp.TypeNetwork, "project name description autoCreateSubnetworks", "routingMode", "services/compute/resource_compute_network.go"),
		google(gcp.TypeRouter, "project name region network", "bgp description", "services/compute/resource_compute_router.go"),
		google("gcp:compute/routerNat:RouterNat", "project name region router type endpointTypes", "natIpAllocateOption sourceSubnetworkIpRangesToNat subnetworks logConfig", "services/compute/resource_compute_router_nat.go"),
		google(gcp.TypeSSLPolicy, "project name description", "profile minTlsVersion customFeatures", "services/compute/resource_compute_ssl_policy.go"),
		google(gcp.TypeSecurityPolicy, "project name", "type description rules advancedOptionsConfig adaptiveProtectionConfig", "services/compute/resource_compute_security_policy.go"),
		google(gcp.TypeSecurityPolicyRule, "project securityPolicy priority", "action description match preconfiguredWafConfig preview rateLimitOptions", "services/compute/resource_compute_security_policy_rule.go"),
		google(gcp.TypeSubnetwork, "project name region network purpose description", "logConfig privateIpGoogleAccess secondaryIpRanges stackType", "services/compute/resource_compute_subnetwork.go"),
		google(gcp.TypeCluster, "project name location description network subnetwork networkingMode ipAllocationPolicy initialNodeCount datapathProvider masterAuth.clientCertificateConfig privateClusterConfig.enablePrivateNodes privateClusterConfig.masterIpv4CidrBlock nodeConfig.serviceAccount nodeConfig.bootDiskKmsKey",
			"addonsConfig binaryAuthorization databaseEncryption deletionProtection enableIntranodeVisibility enableLegacyAbac enableShieldedNodes loggingConfig masterAuthorizedNetworksConfig monitoringConfig privateClusterConfig.enablePrivateEndpoint releaseChannel removeDefaultNodePool securityPostureConfig workloadIdentityConfig", "services/container/resource_container_cluster.go"),
		google("gcp:container/nodePool:NodePool", "project name location cluster initialNodeCount nodeConfig.serviceAccount nodeConfig.bootDiskKmsKey networkConfig.podRange",
			"autoscaling management networkConfig.enablePrivateNodes upgradeSettings", "services/container/resource_container_node_pool.go"),
		google(gcp.TypeManagedZone, "project name dnsName visibility", "description privateVisibilityConfig", "services/dns/resource_dns_managed_zone.go"),
		google("gcp:dns/recordSet:RecordSet", "project name managedZone", "rrdatas ttl type", "services/dns/resource_dns_record_set.go"),
		google(gcp.TypeIdentityConfig, "project", "authorizedDomains client mfa monitoring multiTenant", "services/identityplatform/resource_identity_platform_config.go"),
		google(gcp.TypeTenant, "project", "displayName disableAuth allowPasswordSignup enableEmailLinkSignin", "services/identityplatform/resource_identity_platform_tenant.go"),
		google(gcp.TypeKeyRing, "project name location", "", "services/kms/resource_kms_key_ring.go"),
		google(gcp.TypeCryptoKey, "name keyRing purpose destroyScheduledDuration importOnly skipInitialVersionCreation cryptoKeyBackend versionTemplate.protectionLevel", "rotationPeriod versionTemplate.algorithm labels", "services/kms/resource_kms_crypto_key.go"),
		google(gcp.TypeCryptoKeyVersion, "cryptoKey", "state", "services/kms/resource_kms_crypto_key_version.go"),
		member(gcp.TypeCryptoKeyMember, "cryptoKeyId"),
		google(gcp.TypeLogBucket, "project location bucketId", "description retentionDays locked cmekSettings", "services/logging/resource_logging_project_bucket_config.go"),
		google(gcp.TypeLogExclusion, "project name", "filter description disabled", "services/logging/resource_logging_exclusion.go"),
		google("gcp:logging/projectSink:ProjectSink", "project name", "destination filter description uniqueWriterIdentity", "services/logging/resource_logging_project_sink.go"),
		google("gcp:projects/iAMAuditConfig:IAMAuditConfig", "project", "service auditLogConfigs", "tpgiamresource/resource_iam_audit_config.go"),
		member("gcp:projects/iAMMember:IAMMember", "project"),
		google("gcp:projects/service:Service", "project service", "disableOnDestroy disableDependentServices", "services/resourcemanager/resource_google_project_service.go"),
		google("gcp:projects/serviceIdentity:ServiceIdentity", "project service", "", "services/resourcemanager/resource_project_service_identity.go"),
		google(gcp.TypeRedisInstance, "project name region tier locationId alternativeLocationId authorizedNetwork connectMode customerManagedKey transitEncryptionMode reservedIpRange",
			"authEnabled displayName maintenancePolicy memorySizeGb persistenceConfig redisConfigs", "services/redis/resource_redis_instance.go"),
		google(gcp.TypeSecret, "project secretId replication", "labels", "services/secretmanager/resource_secret_manager_secret.go"),
		member("gcp:secretmanager/secretIamMember:SecretIamMember", "secretId"),
		google(gcp.TypeSecretVersion, "secret secretData", "enabled deletionPolicy", "services/secretmanager/resource_secret_manager_secret_version.go"),
		google(gcp.TypeServiceAccount, "project accountId", "displayName description disabled", "services/resourcemanager/resource_google_service_account.go"),
		member("gcp:serviceaccount/iAMMember:IAMMember", "serviceAccountId"),
		google(gcp.TypeConnection, "network service", "reservedPeeringRanges deletionPolicy updateOnCreationFail", "services/servicenetworking/resource_service_networking_connection.go"),
		google("gcp:sql/database:Database", "project name instance", "charset collation deletionPolicy", "services/sql/resource_sql_database.go"),
		google(gcp.TypeDatabaseInstance, "project name region encryptionKeyName settings.diskType settings.timeZone settings.collation",
			"databaseVersion masterInstanceName deletionProtection settings.tier settings.availabilityType settings.backupConfiguration settings.databaseFlags settings.ipConfiguration", "services/sql/resource_sql_database_instance.go"),
		google("gcp:sql/user:User", "project name instance host type", "password deletionPolicy", "services/sql/resource_sql_user.go"),
		google(gcp.TypeAlertPolicy, "project", "alertStrategy combiner conditions displayName documentation notificationChannels severity", "services/monitoring/resource_monitoring_alert_policy.go"),
		google(gcp.TypeMonitoredService, "project serviceId", "displayName", "services/monitoring/resource_monitoring_custom_service.go"),
		google(gcp.TypeObjective, "project service sloId", "displayName goal requestBasedSli rollingPeriodDays", "services/monitoring/resource_monitoring_slo.go"),
		google(gcp.TypeUptimeCheck, "project checkerType monitoredResource httpCheck.requestMethod", "displayName httpCheck.path period selectedRegions timeout", "services/monitoring/resource_monitoring_uptime_check_config.go"),
		google(gcp.TypeDashboard, "project", "dashboardJson", "services/monitoring/resource_monitoring_dashboard.go"),
		google(gcp.TypeNotificationChannel, "project", "type displayName labels enabled", "services/monitoring/resource_monitoring_notification_channel.go"),
	}
}

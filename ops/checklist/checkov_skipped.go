package checklist

// Skip is a group of checkov's checks that this checklist does not make.
type Skip struct {
	// IDs are checkov's.
	IDs []string `json:"ids"`
	// Kinds are the kinds of resources that the checks speak of, as Terraform
	// names them. Empty for a check of a kind that the stacks do declare.
	Kinds []string `json:"kinds,omitempty"`
	// Why says why not.
	Why string `json:"why"`
}

// Skipped are all checks of checkov for Google Cloud that Checkov leaves out.
func Skipped() []Skip {
	const absent = "no stack declares such a resource"
	return []Skip{
		{IDs: []string{"CKV_GCP_5"}, Why: "checkov has no such check any more"},
		{IDs: []string{"CKV_GCP_19"}, Why: "GKE has no basic authentication since 1.19, and the provider no property to turn it on"},
		{IDs: []string{"CKV_GCP_24"}, Why: "PodSecurityPolicy was removed in Kubernetes 1.25; the namespace enforces the Pod Security standard \"restricted\" instead"},
		{IDs: []string{"CKV_GCP_65"}, Why: "needs a Google Workspace group of the organisation; these stacks grant nobody Kubernetes roles"},
		{IDs: []string{"CKV_GCP_108"}, Why: "log_hostname makes every new connection wait for a reverse DNS look-up of a private address that has no name; log_connections logs the address"},
		{IDs: []string{"CKV2_GCP_13"}, Why: "log_duration logs a line for every statement; pgaudit and Query Insights give more information with fewer lines"},
		{IDs: []string{"CKV_GCP_79"}, Why: "checkov's list of newest versions is older than the declared one, PostgreSQL 16, which PostgreSQL supports until November 2028"},
		{IDs: []string{"CKV2_GCP_8"}, Why: "grants are made on keys, never on a key ring"},
		{
			IDs: []string{"CKV_GCP_50", "CKV_GCP_58", "CKV_GCP_59", "CKV2_GCP_7", "CKV2_GCP_20"},
			Why: "checks of MySQL and SQL Server; the database is PostgreSQL",
		},
		{IDs: []string{"CKV2_GCP_4"}, Why: "is about Cloud Storage buckets behind a sink; the sink writes to a log bucket, whose retention is observability.logs"},
		{IDs: []string{"CKV2_GCP_11"}, Why: "the scanning of images is a setting of the project, containersecurity.googleapis.com is enabled by the stack"},
		{IDs: []string{"CKV_GCP_15", "CKV_GCP_80", "CKV_GCP_81", "CKV_GCP_100", "CKV_GCP_121"}, Kinds: []string{"google_bigquery_dataset", "google_bigquery_table"}, Why: absent},
		{IDs: []string{"CKV_GCP_27"}, Kinds: []string{"google_project"}, Why: absent},
		{IDs: []string{"CKV_GCP_28", "CKV_GCP_29", "CKV_GCP_62", "CKV_GCP_63", "CKV_GCP_78", "CKV_GCP_114", "CKV2_GCP_9"}, Kinds: []string{"google_storage_bucket", "google_storage_bucket_iam_member", "google_container_registry"}, Why: absent},
		{
			IDs:   []string{"CKV_GCP_30", "CKV_GCP_31", "CKV_GCP_32", "CKV_GCP_33", "CKV_GCP_34", "CKV_GCP_35", "CKV_GCP_36", "CKV_GCP_37", "CKV_GCP_38", "CKV_GCP_39", "CKV_GCP_40"},
			Kinds: []string{"google_compute_instance", "google_compute_disk", "google_compute_project_metadata"}, Why: absent,
		},
		{IDs: []string{"CKV2_GCP_37", "CKV2_GCP_38"}, Kinds: []string{"google_compute_forwarding_rule", "google_compute_global_forwarding_rule"}, Why: absent + ": GKE's Ingress makes them, and application.https evaluates the Ingress"},
		{
			IDs:   []string{"CKV_GCP_44", "CKV_GCP_45", "CKV_GCP_47", "CKV_GCP_48", "CKV_GCP_113", "CKV_GCP_115", "CKV_GCP_116"},
			Kinds: []string{"google_folder_iam_member", "google_organization_iam_member", "google_iam_policy"}, Why: absent,
		},
		{IDs: []string{"CKV_GCP_118", "CKV_GCP_125"}, Kinds: []string{"google_iam_workload_identity_pool_provider"}, Why: absent + ": the pipeline's pool is created once, by hand (.github/workflows/README.md), with the condition that these checks ask for"},
		{IDs: []string{"CKV2_GCP_3"}, Kinds: []string{"google_service_account_key"}, Why: absent},
		{IDs: []string{"CKV_GCP_83", "CKV_GCP_99"}, Kinds: []string{"google_pubsub_topic", "google_pubsub_topic_iam_member"}, Why: absent},
		{IDs: []string{"CKV_GCP_85", "CKV_GCP_122"}, Kinds: []string{"google_bigtable_instance"}, Why: absent},
		{IDs: []string{"CKV_GCP_86"}, Kinds: []string{"google_cloudbuild_worker_pool"}, Why: absent},
		{IDs: []string{"CKV_GCP_87", "CKV_GCP_104", "CKV_GCP_105"}, Kinds: []string{"google_data_fusion_instance"}, Why: absent},
		{IDs: []string{"CKV_GCP_90", "CKV_GCP_94"}, Kinds: []string{"google_dataflow_job"}, Why: absent},
		{IDs: []string{"CKV_GCP_91", "CKV_GCP_98", "CKV_GCP_103"}, Kinds: []string{"google_dataproc_cluster"}, Why: absent},
		{IDs: []string{"CKV_GCP_93", "CKV_GCP_119", "CKV_GCP_120"}, Kinds: []string{"google_spanner_database"}, Why: absent},
		{IDs: []string{"CKV_GCP_102"}, Kinds: []string{"google_cloud_run_service_iam_member"}, Why: absent},
		{IDs: []string{"CKV_GCP_107", "CKV_GCP_124", "CKV2_GCP_10"}, Kinds: []string{"google_cloudfunctions_function"}, Why: absent},
		{
			IDs: []string{
				"CKV_GCP_89", "CKV_GCP_92", "CKV_GCP_96", "CKV_GCP_126", "CKV_GCP_127", "CKV2_GCP_21", "CKV2_GCP_22", "CKV2_GCP_23", "CKV2_GCP_24",
				"CKV2_GCP_25", "CKV2_GCP_26", "CKV2_GCP_27", "CKV2_GCP_28", "CKV2_GCP_29", "CKV2_GCP_30", "CKV2_GCP_31", "CKV2_GCP_32", "CKV2_GCP_33",
				"CKV2_GCP_34", "CKV2_GCP_35", "CKV2_GCP_36",
			},
			Kinds: []string{"google_notebooks_instance", "google_vertex_ai_dataset", "google_document_ai_processor", "google_dialogflow_agent", "google_workbench_instance", "google_tpu_v2_vm"}, Why: absent,
		},
	}
}

package constraint_test

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	bucketSDK  = "https://www.pulumi.com/registry/packages/gcp/api-docs/logging/projectbucketconfig/"
	bucketAPI  = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/patch"
	bucketDocs = "https://cloud.google.com/logging/docs/buckets"
	sinkDocs   = "https://cloud.google.com/logging/docs/export/configure_export_v2"
	alertSDK   = "https://www.pulumi.com/registry/packages/gcp/api-docs/monitoring/alertpolicy/"
)

func observeRows() []row {
	const sink, alert = "gcp:logging/projectSink:ProjectSink", "gcp:monitoring/alertPolicy:AlertPolicy"
	bucket := map[string]any{"project": project, "location": region, "bucketId": "logs", "retentionDays": 30}
	into := map[string]any{"name": "logs", "destination": "logging.googleapis.com/projects/" + project + "/locations/" + region + "/buckets/logs"}
	condition := map[string]any{"displayName": "1", "conditionPrometheusQueryLanguage": map[string]any{"query": "up", "duration": "60s", "evaluationInterval": "60s"}}
	policy := map[string]any{"combiner": "OR", "displayName": "alert", "conditions": []any{condition}}
	keys := refusesUngranted(encrypted("a log bucket", gcp.TypeLogBucket, "cmekSettings.kmsKeyName", "gcp-sa-logging", bucket),
		"must have both encrypt and decrypt access to the CMEK key", "https://github.com/hashicorp/terraform-provider-google/issues/16702")
	return slices.Concat(keys, []row{
		{
			what: "logs of more than 3650 days", typ: gcp.TypeLogBucket, right: bucket,
			change: changes{"retentionDays": 3651}, says: "between 1 and 3650", source: bucketDocs,
		},
		{
			what: "deleting a log bucket that is locked", typ: gcp.TypeLogBucket, right: bucket, when: onDelete,
			change: changes{"locked": true}, says: "is locked and cannot be deleted", source: bucketSDK,
		},
		{
			what: "a log bucket of the name of one that was deleted in the last seven days", typ: gcp.TypeLogBucket,
			right: with(bucket, changes{"bucketId": "other"}), when: onCreate,
			gone: []made{{gcp.TypeLogBucket, "bucket", bucket}}, change: changes{"bucketId": "logs"}, says: "DELETE_REQUESTED", source: bucketAPI,
		},
		{
			what: "a sink into a destination that does not accept logs", typ: sink, right: into,
			change: changes{"destination": "file:///tmp"}, says: "Invalid destination", source: sinkDocs,
		},
		{
			what: "a sink into a bucket that does not exist", typ: sink, right: into, when: onCreate,
			lacking: []made{{gcp.TypeLogBucket, "bucket", bucket}}, says: "buckets/logs does not exist", source: sinkDocs,
		},
		{
			what: "a PromQL condition together with another condition", typ: alert, right: policy,
			change: changes{"conditions": []any{condition, map[string]any{"displayName": "2"}}}, says: "can have no other condition", source: alertSDK,
		},
		{
			what: "an alert without conditions", typ: alert, right: policy,
			change: changes{"conditions": nil}, says: `The argument "conditions" is required`, source: alertSDK,
		},
	})
}

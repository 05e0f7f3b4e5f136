package gcp

import (
	"context"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeLogBucket is a bucket of Cloud Logging.
const TypeLogBucket = "gcp:logging/projectBucketConfig:ProjectBucketConfig"

// loggingAgent is the domain of the account by which Cloud Logging encrypts; its
// name is made per project (logging.GetProjectCmekSettings).
const loggingAgent = "gcp-sa-logging"

// bucketKept is how long a deleted bucket is there, and can be taken back
// (https://cloud.google.com/logging/docs/buckets#delete-bucket).
const bucketKept = 7 * 24 * time.Hour

func (w *Cloud) logBucket() provider.Kind {
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/locations/" + d.Inputs.Text("location") + "/buckets/" + d.Inputs.Text("bucketId")
	}
	return provider.Kind{
		Type: TypeLogBucket, ID: id,
		Own: true,
		// A bucket that exists is changed into what is declared
		// (google-beta/services/logging/resource_logging_project_bucket_config.go, AcquireOrCreate),
		// which the API refuses of one that is being deleted
		// (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/patch).
		Adopt:    takeUp,
		NameKept: bucketKept,
		WhileNameKept: func(id string, _ time.Time) error {
			return apiError(400, "Bucket %s has the lifecycle state DELETE_REQUESTED and cannot be changed, failedPrecondition", id)
		},
		// The read of such a bucket fails
		// (google-beta/services/logging/resource_logging_bucket_config.go, resourceLoggingBucketConfigRead).
		Missing:  func(id string) error { return apiError(404, "Bucket %s does not exist", id) },
		Computed: []string{"name", "lifecycleState"},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			if days, known := d.Inputs.Number("retentionDays"); known && (days < 1 || days > 3650) {
				failures = append(failures, provider.Refuse("retentionDays", "Error 400: Retention must be between 1 and 3650 days, got %v", days))
			}
			const key = "cmekSettings.kmsKeyName"
			return append(failures, checkKeyPlace(key, d.Inputs.Text(key), d.Inputs.Text("location"))...)
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"], d.Outputs["lifecycleState"] = id(d), "ACTIVE"
			fallback(d, "retentionDays", float64(30))
			if present, exists := w.Store.Get(TypeLogBucket, id(d)); exists && d.Exists && provider.Properties(present.Outputs).True("locked") {
				return apiError(400, "Bucket %s is locked and cannot be modified", id(d))
			}
			return w.checkKey(loggingAgent, d.Inputs.Text("cmekSettings.kmsKeyName"))
		},
		Refusal: func(r store.Resource) error {
			if provider.Properties(r.Outputs).True("locked") {
				return apiError(400, "Bucket %s is locked and cannot be deleted before its entries have expired", r.ID)
			}
			return nil
		},
	}
}

package gcp

import (
	"context"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeLogSink is a copy of some of a project's logs.
const TypeLogSink = "gcp:logging/projectSink:ProjectSink"

func (w *Cloud) logSink() provider.Kind {
	return provider.Kind{
		Type: TypeLogSink, NameProperty: "name",
		Free:     "a sink into a log bucket is free; what arrives there is priced by use",
		Computed: []string{"writerIdentity"},
		// A sink that exists is changed into what is declared
		// (google-beta/services/logging/resource_logging_project_sink.go, AcquireOrCreate).
		Adopt: takeUp,
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/sinks/" + d.Inputs.Text("name")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			to := d.Inputs.Text("destination")
			for _, service := range []string{"logging.googleapis.com/", "storage.googleapis.com/", "bigquery.googleapis.com/", "pubsub.googleapis.com/"} {
				if to == "" || strings.HasPrefix(to, service) {
					return checkLogFilter(d, "filter")
				}
			}
			return []provider.Failure{provider.Refuse("destination", "Error 400: Invalid destination: %s", to)}
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			to := d.Inputs.Text("destination")
			if bucket, isBucket := strings.CutPrefix(to, "logging.googleapis.com/"); isBucket {
				if _, exists := w.Store.Get(TypeLogBucket, bucket); !exists {
					return apiError(404, "Bucket %s does not exist", bucket)
				}
			}
			fallback(d, "writerIdentity", "serviceAccount:service-"+ProjectNumber+"@gcp-sa-logging.iam.gserviceaccount.com")
			return nil
		},
	}
}

package observe

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/taken"
)

// refuseTakenSink refuses, in a preview, to make a sink that the project has already. The provider (v5.42) would not
// fail: it takes over a sink that exists, sends its entries into the platform's bucket, and a destroy deletes it
// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/logging/resource_logging_project_sink.go,
// resourceLoggingProjectSinkAcquireOrCreate). A sink that leads into the platform's bucket was left by an interrupted
// update: the next update continues with it.
func (args *Args) refuseTakenSink(ctx *pulumi.Context, bucket string) (pulumi.ResourceOption, error) {
	id := fmt.Sprintf("projects/%s/sinks/%s", args.Project, bucket)
	own := fmt.Sprintf("logging.googleapis.com/projects/%s/locations/%s/buckets/%s", args.Project, args.Region, bucket)
	return taken.Refuse(ctx, taken.Name{
		Hook: "a log sink's name is free",
		Of:   "the log sink " + bucket,
		Look: func() (string, error) {
			found, err := logging.GetSink(ctx, &logging.GetSinkArgs{Id: id}, pulumi.Provider(args.Asking))
			if err != nil {
				return "", err
			}
			if found.Destination == own {
				return "", nil
			}
			return "it leads into " + found.Destination, nil
		},
		Remedy: "set another observe.bucket, which names the log bucket and its sink",
	})
}

package takeup

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// beingDeleted is what Cloud Logging says of a bucket that is being deleted: a failed
// precondition (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/patch).
var beingDeleted = regexp.MustCompile(`(?i)DELETE_REQUESTED|failed_?precondition`)

// Advice says what to do when a creation failed because the resource exists already, or one
// of its name is still being deleted. It is empty for any other failure.
func Advice(at Place, message string, inputs resource.PropertyMap) string {
	switch {
	case at.Type == "gcp:logging/projectBucketConfig:ProjectBucketConfig" && beingDeleted.MatchString(message):
		return fmt.Sprintf("a log bucket of this name was deleted within the last seven days: set another observe.bucket, or take it back with what it holds, and run the update again:\n"+
			"  gcloud logging buckets undelete %s --location=%s --project=%s", text(inputs, "bucketId"), text(inputs, "location"), at.Project)
	case !Exists(message) || Command(at, inputs) == "":
		return ""
	case at.Type == "gcp:identityplatform/config:Config":
		return "Identity Platform is on in this project already, and nobody can switch it off: set identity.existingConfig: true, or, to let this stack keep its settings, " +
			"take it into the state and run the update again:\n  " + Command(at, inputs)
	default:
		return at.Name + " exists already, and this stack does not know it. When an update of this stack was cut off, its creation was the last thing done: " +
			"take it into the state, and run the update again:\n  " + Command(at, inputs) +
			"\nWhen it is somebody else's, or of a stack that was destroyed, give it another name instead (docs/destroy.md)."
	}
}

package takeup

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// beingDeleted is Cloud Logging's error for a bucket that is being deleted: a failed precondition
// (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.locations.buckets/patch).
var beingDeleted = regexp.MustCompile(`(?i)DELETE_REQUESTED|failed_?precondition`)

const typeNetwork = "gcp:compute/network:Network"

var (
	// inUse matches Compute Engine's error for a resource that is in use, and finds its
	// user.
	inUse = regexp.MustCompile(`is already being used by '([^']*)'`)
	// leftGroup is a network endpoint group, its zone and its name: GKE's controllers make
	// one for each Service of an Ingress and each zone, and some outlive their cluster
	// (https://github.com/hashicorp/terraform-provider-google/issues/7637).
	leftGroup = regexp.MustCompile(`/zones/([^/]+)/networkEndpointGroups/([^/]+)$`)
	// anotherOne matches a resource other than a peering that is left in a network.
	anotherOne = regexp.MustCompile(`/(firewalls|routes|routers|subnetworks|instances|addresses|forwardingRules|firewallPolicies|networkEndpointGroups)/`)
)

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
	case at.Type == "gcp:compute/globalAddress:GlobalAddress" && text(inputs, "addressType") == "EXTERNAL":
		return cutOff(at, inputs) + "\nWhen it is somebody else's, set network.edgeAddress.adopt: true, or another network.edgeAddress.name."
	case at.Type == "kubernetes:networking.k8s.io/v1:Ingress":
		return cutOff(at, inputs) + "\nWhen it is somebody else's, do not: a stack that has an Ingress removes what it does not declare. " +
			"Set kubernetes.ingress.adopt: true, or another kubernetes.ingress.name."
	case at.Type == "gcp:redis/instance:Instance":
		// The provider (v5.42) does not read the range of addresses
		// (google-beta/services/redis/resource_redis_instance.go, resourceRedisInstanceRead).
		return cutOff(at, inputs) + "\nThat update makes the cache anew, because the provider cannot read which range it is in; of an update that was cut off it holds nothing yet."
	default:
		return cutOff(at, inputs) +
			"\nWhen it is somebody else's, or of a stack that was destroyed, give it another name instead (docs/destroy.md)."
	}
}

// cutOff says how to go on after an update that ended between a creation and its answer.
func cutOff(at Place, inputs resource.PropertyMap) string {
	return at.Name + " exists already, and this stack does not know it. When an update of this stack was cut off, its creation was the last thing done: " +
		"take it into the state, and run the update again:\n  " + Command(at, inputs)
}

// User is what uses a resource that could not be deleted for that reason, and empty for any
// other error. Some answers come from the deletion's operation, without the status 400.
func User(message string) string {
	user := inUse.FindStringSubmatch(message)
	if user == nil {
		return ""
	}
	return user[1]
}

// Kept says what to do when a deletion failed because something uses the resource that no
// program knows. It is empty for any other failure.
func Kept(typ, message string, inputs resource.PropertyMap, project string) string {
	user := User(message)
	switch {
	case user == "":
		return ""
	case leftGroup.MatchString(user):
		group := leftGroup.FindStringSubmatch(user)
		return fmt.Sprintf("a network endpoint group is left of the cluster's load balancer: delete it once the cluster is gone, and run the destroy again:\n"+
			"  gcloud compute network-endpoint-groups delete %s --zone=%s --project=%s", group[2], group[1], project)
	case typ != typeNetwork:
		return ""
	case anotherOne.MatchString(user):
		return fmt.Sprintf("%s is in the network, and no resource of this stack: delete it when it is yours, and run the destroy again", user)
	}
	// The connection was abandoned, and the network's half of it stays
	// (https://github.com/GoogleCloudPlatform/magic-modules/pull/18476).
	return fmt.Sprintf("the peering with Google's services keeps the network: delete the peering once the database and the cache are gone, and run the destroy again:\n"+
		"  gcloud compute networks peerings delete servicenetworking-googleapis-com --network=%s --project=%s", text(inputs, "name"), project)
}

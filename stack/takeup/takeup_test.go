package takeup_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
	"github.com/coditect-ai/license-platform/stack/takeup"
)

func TestEachWayToSayThatAResourceExistsIsKnown(t *testing.T) {
	t.Parallel()
	for message, exists := range map[string]bool{
		"Error creating KeyRing: googleapi: Error 409: KeyRing projects/p/locations/l/keyRings/r already exists.":                                                  true,
		"Error, failed to create instance db: googleapi: Error 409: The Cloud SQL instance already exists., instanceAlreadyExists":                                 true,
		"resource - projects/p/locations/l/clusters/c/nodePools/n - already exists":                                                                                true,
		"Unable to create RouterNat, existing object already found: map[name:nat]":                                                                                 true,
		"Error creating Config: googleapi: Error 400: INVALID_PROJECT_ID : Identity Platform has already been enabled for this project.":                           true,
		"Error creating SecurityPolicyRule: googleapi: Error 400: Invalid value for field 'resource.priority': '100'. Cannot have rules with the same priorities.": true,
		`resource "license-platform/license-api" was not successfully created by the Kubernetes API server: services "license-api" already exists`:                 true,
		"googleapi: Error 403: Permission 'cloudkms.keyRings.create' denied on resource":                                                                           false,
		"googleapi: Error 400: The resource 'projects/p/global/networks/n' is not ready, resourceNotReady":                                                         false,
		"googleapi: Error 400: Bucket b has the lifecycle state DELETE_REQUESTED and cannot be changed":                                                            false,
	} {
		assert.Equal(t, exists, takeup.Exists(message), message)
	}
}

// TestEveryResourceThatCanExistBeforeHasTheIDByWhichItIsImported compares the commands with the
// ids that the emulator gives to all resources of the plans.
func TestEveryResourceThatCanExistBeforeHasTheIDByWhichItIsImported(t *testing.T) {
	t.Parallel()
	kinds := memory.Kinds()
	for _, name := range stacktest.Stacks(t) {
		made := stacktest.Deploy(t, name)
		for _, r := range made.InCloud() {
			kind := kinds[r.Type]
			google := strings.HasPrefix(r.Type, "gcp:")
			got := takeup.ID(takeup.Place{Type: r.Type, Project: project(made), Region: "us-central1"}, resource.PropertyMap(withNames(t, r.ID, r.Properties)))
			if survives := google && kind.Adopt != nil && r.Type != "gcp:identityplatform/config:Config"; survives || kind.Numbered || r.Type == "gcp:kms/cryptoKeyVersion:CryptoKeyVersion" || r.Type == "gcp:secretmanager/secretVersion:SecretVersion" {
				assert.Empty(t, got, "%s %s: its creation never meets an existing one", r.Type, r.Name)
				continue
			}
			require.NotEmpty(t, got, "%s %s has no form of an id: add it to forms", r.Type, r.Name)
			means := got == r.ID || kind.MatchesImportID != nil && kind.MatchesImportID(got, r.ID)
			assert.True(t, means, "%s %s: %s is imported by %s", r.Type, r.Name, r.ID, got)
		}
	}
}

// withNames adds the name that the provider generates, which the engine passes with the inputs.
func withNames(t *testing.T, id string, inputs resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	all := inputs.Copy()
	for _, key := range []resource.PropertyKey{"name", "sloId", "serviceId"} {
		if _, given := all[key]; !given {
			all[key] = resource.NewProperty(id[strings.LastIndex(id, "/")+1:])
		}
	}
	return all
}

func project(made *plan.Plan) string {
	for _, r := range made.Of("pulumi:providers:gcp") {
		return r.Text("project")
	}
	return ""
}

func TestTheCommandNamesTheComponentAndTheProvider(t *testing.T) {
	t.Parallel()
	at := takeup.Place{
		Stack: "dev", Type: "gcp:kms/keyRing:KeyRing", Name: "keys", Parent: "urn:pulumi:dev::license-platform::licensing:data:Keys::keys",
		Provider: "urn:pulumi:dev::license-platform::pulumi:providers:gcp::gcp", Project: "p", Region: "r",
	}
	assert.Equal(t, "pulumi import --stack dev --yes --protect=false --generate-code=false --parent 'parent=urn:pulumi:dev::license-platform::licensing:data:Keys::keys' "+
		"--provider 'provider=urn:pulumi:dev::license-platform::pulumi:providers:gcp::gcp' 'gcp:kms/keyRing:KeyRing' 'keys' 'projects/p/locations/us-east1/keyRings/ring'",
		takeup.Command(at, resource.PropertyMap{"name": resource.NewProperty("ring"), "location": resource.NewProperty("us-east1")}))
	at.Type = "gcp:monitoring/alertPolicy:AlertPolicy"
	assert.Empty(t, takeup.Command(at, resource.PropertyMap{"displayName": resource.NewProperty("alert")}))
}

func TestTheAdviceFitsWhatGoogleKeeps(t *testing.T) {
	t.Parallel()
	const exists = "googleapi: Error 409: it already exists"
	name := func(key resource.PropertyKey, value string) resource.PropertyMap {
		return resource.PropertyMap{key: resource.NewProperty(value), "location": resource.NewProperty("us-central1")}
	}
	for what, c := range map[string]struct {
		typ, message string
		inputs       resource.PropertyMap
		says         string
	}{
		"a name in use": {"gcp:compute/network:Network", exists, name("name", "net"), "'projects/p/global/networks/net'\nWhen it is somebody else's"},
		"a log bucket that is being deleted": {
			"gcp:logging/projectBucketConfig:ProjectBucketConfig", "Error 400: the lifecycle state DELETE_REQUESTED", name("bucketId", "b"),
			"gcloud logging buckets undelete b --location=us-central1 --project=p",
		},
		"Identity Platform that is on": {
			"gcp:identityplatform/config:Config", "Error 400: Identity Platform has already been enabled for this project.", nil, "set identity.existingConfig: true",
		},
		"a public address": {
			"gcp:compute/globalAddress:GlobalAddress", exists,
			resource.PropertyMap{"name": resource.NewProperty("ip"), "addressType": resource.NewProperty("EXTERNAL")},
			"When it is somebody else's, set network.edgeAddress.adopt: true",
		},
		"the range of managed services": {"gcp:compute/globalAddress:GlobalAddress", exists, name("name", "range"), "give it another name instead"},
		"an Ingress": {
			"kubernetes:networking.k8s.io/v1:Ingress", `ingresses.networking.k8s.io "ide" already exists`,
			resource.PropertyMap{"metadata": resource.NewProperty(resource.PropertyMap{"name": resource.NewProperty("ide"), "namespace": resource.NewProperty("ide")})},
			"Set kubernetes.ingress.adopt: true, or another kubernetes.ingress.name",
		},
		"a cache":                       {"gcp:redis/instance:Instance", exists, name("name", "cache"), "makes the cache anew"},
		"anything else":                 {"gcp:compute/network:Network", "Error 403: you may not", name("name", "net"), ""},
		"a type that is never in use":   {"gcp:monitoring/alertPolicy:AlertPolicy", exists, name("displayName", "a"), ""},
		"a precondition of another one": {"gcp:compute/network:Network", "failedPrecondition", name("name", "net"), ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			advice := takeup.Advice(takeup.Place{Stack: "dev", Type: c.typ, Name: "it", Project: "p", Region: "us-central1"}, c.message, c.inputs)
			if c.says == "" {
				assert.Empty(t, advice)
				return
			}
			assert.Contains(t, advice, c.says)
		})
	}
}

func TestTheAdviceNamesThePeeringThatKeepsANetwork(t *testing.T) {
	t.Parallel()
	const network, used = "gcp:compute/network:Network", "Error waiting for Deleting Network: The network resource 'projects/p/global/networks/n' is already being used by 'x'"
	inputs := resource.PropertyMap{"name": resource.NewProperty("n")}
	assert.Contains(t, takeup.Kept(network, used, inputs, "p"), "peerings delete servicenetworking-googleapis-com --network=n --project=p")
	assert.Empty(t, takeup.Kept(network, "Error 403: you may not", inputs, "p"))
	assert.Empty(t, takeup.Kept("gcp:compute/sSLPolicy:SSLPolicy", used, inputs, "p"))
}

func TestTheAdviceNamesWhatElseIsInANetworkThatStays(t *testing.T) {
	t.Parallel()
	inputs := resource.PropertyMap{"name": resource.NewProperty("n")}
	for name, c := range map[string]struct{ typ, user, says string }{
		"a group in a network": {"gcp:compute/network:Network", "projects/p/zones/us-central1-a/networkEndpointGroups/k8s1-1-ns-api-80-2", "network-endpoint-groups delete k8s1-1-ns-api-80-2 --zone=us-central1-a --project=p"},
		"a group in a subnet":  {"gcp:compute/subnetwork:Subnetwork", "projects/p/zones/us-central1-a/networkEndpointGroups/k8s1-1-ns-api-80-2", "network-endpoint-groups delete k8s1-1-ns-api-80-2 --zone=us-central1-a --project=p"},
		"somebody's firewall":  {"gcp:compute/network:Network", "projects/p/global/firewalls/allow-ssh", "projects/p/global/firewalls/allow-ssh is in the network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			advice := takeup.Kept(c.typ, "Error waiting for Deleting: The resource 'projects/p/x' is already being used by '"+c.user+"'", inputs, "p")
			assert.Contains(t, advice, c.says)
			assert.NotContains(t, advice, "peering")
		})
	}
}

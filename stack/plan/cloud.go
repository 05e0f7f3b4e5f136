package plan

import (
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cloud remembers what is declared and answers with what Google would compute.
type cloud struct {
	stack string

	mu        sync.Mutex
	resources []Resource
}

var _ pulumi.MockResourceMonitor = (*cloud)(nil)

// NewResource implements pulumi.MockResourceMonitor.
func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rpc := args.RegisterRPC
	declared := Resource{
		Type: args.TypeToken, Name: args.Name, URN: c.urn(rpc.GetParent(), args.TypeToken, args.Name), Parent: rpc.GetParent(),
		Custom: args.Custom, Protect: rpc.GetProtect(), RetainOnDelete: rpc.GetRetainOnDelete(),
		Provider: args.Provider, DependsOn: rpc.GetDependencies(), properties: args.Inputs,
	}
	c.resources = append(c.resources, declared)
	outputs := args.Inputs.Copy()
	for key, value := range computed(args.TypeToken, args.Name, args.Inputs) {
		outputs[key] = value
	}
	return "id-of-" + args.Name, outputs, nil
}

// urn is the name that the mock engine gives a resource.
func (c *cloud) urn(parent, typ, name string) string {
	parentType := tokens.Type("")
	if urn := resource.URN(parent); urn != "" && urn.QualifiedType() != resource.RootStackType {
		parentType = urn.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(c.stack), project, parentType, tokens.Type(typ), name))
}

// Call implements pulumi.MockResourceMonitor: it answers look-ups as the
// project would that the IDE lives in.
func (c *cloud) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	text := resource.NewProperty[string]
	name := ""
	if given := args.Args["name"]; given.IsString() {
		name = given.StringValue()
	}
	switch args.Token {
	case "gcp:compute/getNetwork:getNetwork":
		id := "projects/p/global/networks/" + name
		return resource.PropertyMap{"id": text(id), "name": text(name), "selfLink": text("https://www.googleapis.com/compute/v1/" + id)}, nil
	case "gcp:compute/getSubnetwork:getSubnetwork":
		return resource.PropertyMap{"id": text("projects/p/regions/r/subnetworks/" + name), "name": text(name)}, nil
	case "gcp:compute/getGlobalAddress:getGlobalAddress":
		return resource.PropertyMap{"name": text(name), "address": text("34.8.51.57"), "prefixLength": resource.NewProperty(20.0)}, nil
	case "gcp:container/getCluster:getCluster":
		return resource.PropertyMap{
			"name": text(name), "endpoint": text("192.0.2.10"),
			"masterAuths": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(resource.PropertyMap{"clusterCaCertificate": text("Q0E=")})}),
		}, nil
	case "gcp:organizations/getProject:getProject":
		return resource.PropertyMap{"number": text("123456789012")}, nil
	case "gcp:logging/getProjectCmekSettings:getProjectCmekSettings":
		return resource.PropertyMap{"serviceAccountId": text("cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com")}, nil
	}
	return nil, fmt.Errorf("the program looks up %s, which no test knows", args.Token)
}

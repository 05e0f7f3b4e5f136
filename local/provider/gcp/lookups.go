package gcp

import (
	"context"
	"maps"

	"github.com/coditect-ai/license-platform/local/provider"
	"github.com/coditect-ai/license-platform/local/store"
)

// Functions are the lookups that programs invoke.
func (w *World) Functions() map[string]provider.Function {
	return map[string]provider.Function{
		"gcp:compute/getGlobalAddress:getGlobalAddress":             w.lookup(TypeGlobalAddress, global("addresses")),
		"gcp:compute/getNetwork:getNetwork":                         w.lookup(TypeNetwork, global("networks")),
		"gcp:compute/getSubnetwork:getSubnetwork":                   w.lookup(TypeSubnetwork, regional("subnetworks")),
		"gcp:container/getCluster:getCluster":                       w.getCluster,
		"gcp:organizations/getProject:getProject":                   w.getProject,
		"gcp:logging/getProjectCmekSettings:getProjectCmekSettings": w.getProjectCmekSettings,
	}
}

// lookup finds a resource of the type by the id that its arguments make.
func (w *World) lookup(typ string, id func(*provider.Draft) string) provider.Function {
	return func(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
		found, err := w.find(typ, id(&provider.Draft{Config: config, Inputs: args}))
		if err != nil {
			return nil, err
		}
		result := provider.Properties(maps.Clone(found.Outputs))
		result["id"] = found.ID
		if typ == TypeGlobalAddress {
			result["status"] = "IN_USE"
		}
		return result, nil
	}
}

func (w *World) find(typ, id string) (store.Resource, error) {
	found, exists := w.Store.Get(typ, id)
	if !exists {
		return found, apiError(404, "The resource '%s' was not found", id)
	}
	return found, nil
}

// getCluster returns a cluster; unlike the resource, the lookup has lists where
// the API has at most one of a thing.
func (w *World) getCluster(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	found, err := w.find(TypeCluster, clusterID(&provider.Draft{Config: config, Inputs: args}))
	if err != nil {
		return nil, err
	}
	outputs := provider.Properties(found.Outputs)
	result := provider.Properties{
		"id": found.ID, "name": outputs.Text("name"), "project": outputs.Text("project"), "location": outputs.Text("location"),
		"endpoint": outputs.Text("endpoint"), "masterVersion": outputs.Text("masterVersion"), "selfLink": outputs.Text("selfLink"),
		"network": outputs.Text("network"), "subnetwork": outputs.Text("subnetwork"), "clusterIpv4Cidr": outputs.Text("clusterIpv4Cidr"),
		"servicesIpv4Cidr": outputs.Text("servicesIpv4Cidr"),
		"masterAuths":      []any{map[string]any(outputs.Object("masterAuth"))},
		"workloadIdentityConfigs": []any{map[string]any{
			"workloadPool": outputs.Text("project") + ".svc.id.goog",
		}},
	}
	return result, nil
}

func (w *World) getProject(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := args.Text("projectId")
	if project == "" {
		project = config.Project
	}
	return provider.Properties{"id": "projects/" + project, "projectId": project, "name": project, "number": ProjectNumber}, nil
}

func (w *World) getProjectCmekSettings(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := args.Text("project")
	if project == "" {
		project = config.Project
	}
	return provider.Properties{
		"id": "projects/" + project + "/cmekSettings", "name": "projects/" + project + "/cmekSettings", "project": project,
		"kmsKeyName": "", "kmsKeyVersionName": "", "serviceAccountId": serviceAgent(loggingAgent),
	}, nil
}

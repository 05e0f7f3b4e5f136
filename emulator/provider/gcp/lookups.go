package gcp

import (
	"context"
	"fmt"
	"maps"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Functions are the lookups that programs invoke.
func (w *Cloud) Functions() map[string]provider.Function {
	return map[string]provider.Function{
		"gcp:compute/getAddresses:getAddresses":                     w.getAddresses,
		"gcp:compute/getGlobalAddress:getGlobalAddress":             w.lookup(TypeGlobalAddress, global("addresses")),
		"gcp:compute/getNetwork:getNetwork":                         w.lookup(TypeNetwork, global("networks")),
		"gcp:compute/getSSLPolicy:getSSLPolicy":                     w.lookup(TypeSSLPolicy, global("sslPolicies")),
		"gcp:compute/getSubnetwork:getSubnetwork":                   w.lookup(TypeSubnetwork, regional("subnetworks")),
		"gcp:container/getCluster:getCluster":                       w.getCluster,
		"gcp:dns/getManagedZones:getManagedZones":                   w.getManagedZones,
		"gcp:kms/getKMSCryptoKey:getKMSCryptoKey":                   w.getCryptoKey,
		"gcp:kms/getKMSKeyRing:getKMSKeyRing":                       w.lookup(TypeKeyRing, keyRingID),
		"gcp:projects/getIamPolicy:getIamPolicy":                    w.getIamPolicy,
		"gcp:organizations/getProject:getProject":                   w.getProject,
		"gcp:logging/getSink:getSink":                               w.lookup(TypeLogSink, func(d *provider.Draft) string { return d.Inputs.Text("id") }),
		"gcp:logging/getProjectCmekSettings:getProjectCmekSettings": w.getProjectCmekSettings,
		"gcp:sql/getDatabaseInstance:getDatabaseInstance":           w.getDatabaseInstance,
	}
}

// lookup finds a resource of the type by the id that its arguments make.
func (w *Cloud) lookup(typ string, id func(*provider.Draft) string) provider.Function {
	return func(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
		found, err := w.find(typ, id(&provider.Draft{Config: config, Inputs: args}))
		if err != nil {
			return nil, err
		}
		result := provider.Properties(maps.Clone(found.Outputs))
		result["id"] = found.ID
		if _, known := result["status"]; typ == TypeGlobalAddress && !known {
			result["status"] = "RESERVED"
		}
		return result, nil
	}
}

func (w *Cloud) find(typ, id string) (store.Resource, error) {
	found, exists := w.Store.Get(typ, id)
	if !exists {
		return found, apiError(404, "The resource '%s' was not found", id)
	}
	return found, nil
}

// getCluster returns a cluster; unlike the resource, the lookup has lists where
// the API has at most one of a thing.
func (w *Cloud) getCluster(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	found, err := w.find(TypeCluster, clusterID(&provider.Draft{Config: config, Inputs: args}))
	if err != nil {
		return nil, err
	}
	outputs := provider.Properties(found.Outputs)
	result := provider.Properties{
		"id": found.ID, "name": outputs.Text("name"), "project": outputs.Text("project"), "location": outputs.Text("location"), "description": outputs.Text("description"),
		"endpoint": outputs.Text("endpoint"), "masterVersion": outputs.Text("masterVersion"), "selfLink": outputs.Text("selfLink"),
		"network": outputs.Text("network"), "subnetwork": outputs.Text("subnetwork"), "clusterIpv4Cidr": outputs.Text("clusterIpv4Cidr"),
		"servicesIpv4Cidr": outputs.Text("servicesIpv4Cidr"),
		"masterAuths":      []any{map[string]any(outputs.Object("masterAuth"))},
		"datapathProvider": outputs.Text("datapathProvider"),
	}
	for list, object := range map[string]string{"networkPolicies": "networkPolicy", "workloadIdentityConfigs": "workloadIdentityConfig", "fleets": "fleet"} {
		result[list] = []any{}
		if declared := outputs.Object(object); len(declared) > 0 {
			result[list] = []any{map[string]any(declared)}
		}
	}
	result["privateClusterConfigs"] = []any{}
	if private := outputs.Object("privateClusterConfig"); len(private) > 0 {
		result["privateClusterConfigs"] = []any{map[string]any{"masterIpv4CidrBlock": private.Text("masterIpv4CidrBlock")}}
	}
	result["nodePools"] = nodePools(outputs)
	// A new cluster has both
	// (https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed).
	result["monitoringConfigs"] = []any{map[string]any{"managedPrometheuses": []any{map[string]any{"enabled": true}}}}
	if declared := outputs.Object("monitoringConfig.managedPrometheus"); len(declared) > 0 {
		result["monitoringConfigs"] = []any{map[string]any{"managedPrometheuses": []any{map[string]any(declared)}}}
	}
	result["addonsConfigs"] = []any{map[string]any{
		"horizontalPodAutoscalings": []any{map[string]any{"disabled": false}}, "httpLoadBalancings": []any{map[string]any{"disabled": false}},
	}}
	return result, nil
}

// nodePools are the node pools of a cluster, in the form of a look-up: with lists where
// the API has at most one value.
func nodePools(cluster provider.Properties) []any {
	pools := []any{}
	for _, item := range cluster.List("nodePools") {
		pool, _ := item.(map[string]any)
		properties := provider.Properties(pool)
		config := maps.Clone(map[string]any(properties.Object("nodeConfig")))
		if metadata := properties.Object("nodeConfig.workloadMetadataConfig"); len(metadata) > 0 {
			config["workloadMetadataConfigs"] = []any{map[string]any(metadata)}
			delete(config, "workloadMetadataConfig")
		}
		pools = append(pools, map[string]any{"name": properties.Text("name"), "nodeConfigs": []any{config}})
	}
	return pools
}

// getCryptoKey returns a key; unlike the resource, the lookup has a list where the API has
// one template.
func (w *Cloud) getCryptoKey(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	found, err := w.find(TypeCryptoKey, cryptoKeyID(&provider.Draft{Config: config, Inputs: args}))
	if err != nil {
		return nil, err
	}
	result := provider.Properties(maps.Clone(found.Outputs))
	result["id"], result["versionTemplates"] = found.ID, []any{map[string]any(result.Object("versionTemplate"))}
	delete(result, "versionTemplate")
	return result, nil
}

// getDatabaseInstance returns an instance; its password is not read.
func (w *Cloud) getDatabaseInstance(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	for _, r := range w.Store.List(TypeDatabaseInstance) {
		outputs := provider.Properties(r.Outputs)
		if outputs.Text("name") == args.Text("name") && outputs.Text("project") == (&provider.Draft{Config: config, Inputs: args}).Project() {
			return provider.Properties{"id": r.ID, "name": outputs.Text("name"), "privateIpAddress": outputs.Text("privateIpAddress"), "region": outputs.Text("region")}, nil
		}
	}
	return nil, apiError(404, "The Cloud SQL instance does not exist: %s", args.Text("name"))
}

// getAddresses lists the addresses that fit the filter, of all regions and the
// global ones. Of the filter's language it knows the comparison of one property.
func (w *Cloud) getAddresses(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	property, value := "", ""
	if filter := args.Text("filter"); filter != "" {
		if _, err := fmt.Sscanf(filter, "%s = %q", &property, &value); err != nil {
			return nil, apiError(400, "Invalid value for field 'filter': '%s'. Invalid list filter expression", filter)
		}
	}
	project := (&provider.Draft{Config: config, Inputs: args}).Project()
	addresses := []any{}
	for _, r := range w.Store.List(TypeGlobalAddress) {
		outputs := provider.Properties(r.Outputs)
		if outputs.Text("project") != project || property != "" && outputs.Text(property) != value {
			continue
		}
		addresses = append(addresses, map[string]any{
			"name": outputs.Text("name"), "address": outputs.Text("address"), "addressType": outputs.Text("addressType"),
			"description": outputs.Text("description"), "labels": map[string]any{}, "region": "", "selfLink": outputs.Text("selfLink"), "status": "RESERVED",
		})
	}
	return provider.Properties{"id": project + "-ALL-" + args.Text("filter"), "project": project, "filter": args.Text("filter"), "addresses": addresses}, nil
}

// getManagedZones lists the zones of the project, without the networks that see them.
func (w *Cloud) getManagedZones(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := (&provider.Draft{Config: config, Inputs: args}).Project()
	zones := []any{}
	for _, r := range w.Store.List(TypeManagedZone) {
		zone := provider.Properties(r.Outputs)
		if zone.Text("project") != project {
			continue
		}
		zones = append(zones, map[string]any{
			"id": r.ID, "name": zone.Text("name"), "dnsName": zone.Text("dnsName"), "description": zone.Text("description"),
			"visibility": zone.Text("visibility"), "managedZoneId": zone.Text("managedZoneId"), "nameServers": zone.List("nameServers"), "project": project,
		})
	}
	return provider.Properties{"id": "projects/" + project + "/managedZones", "project": project, "managedZones": zones}, nil
}

func (w *Cloud) getProject(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := args.Text("projectId")
	if project == "" {
		project = config.Project
	}
	return provider.Properties{"id": "projects/" + project, "projectId": project, "name": project, "number": ProjectNumber}, nil
}

func (w *Cloud) getProjectCmekSettings(_ context.Context, config provider.Configuration, args provider.Properties) (provider.Properties, error) {
	project := args.Text("project")
	if project == "" {
		project = config.Project
	}
	return provider.Properties{
		"id": "projects/" + project + "/cmekSettings", "name": "projects/" + project + "/cmekSettings", "project": project,
		"kmsKeyName": "", "kmsKeyVersionName": "", "serviceAccountId": serviceAgent(loggingAgent),
	}, nil
}

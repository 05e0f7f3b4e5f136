package constraint_test

import "github.com/coditect-ai/license-platform/emulator/provider/gcp"

const (
	computeNames = "https://cloud.google.com/compute/docs/naming-resources"
	firewallSDK  = "https://www.pulumi.com/registry/packages/gcp/api-docs/compute/firewall/"
	firewallAPI  = "https://cloud.google.com/compute/docs/reference/rest/v1/firewalls"
	addressAPI   = "https://cloud.google.com/compute/docs/reference/rest/v1/globalAddresses"
	privateRange = "https://cloud.google.com/vpc/docs/configure-private-services-access"
	natSDK       = "https://www.pulumi.com/registry/packages/gcp/api-docs/compute/routernat/"
	dnsSDK       = "https://www.pulumi.com/registry/packages/gcp/api-docs/dns/managedzone/"
	recordSDK    = "https://www.pulumi.com/registry/packages/gcp/api-docs/dns/recordset/"
	sslSDK       = "https://www.pulumi.com/registry/packages/gcp/api-docs/compute/sslpolicy/"
	sslAPI       = "https://cloud.google.com/compute/docs/reference/rest/v1/sslPolicies"
	vpcDelete    = "https://cloud.google.com/vpc/docs/create-modify-vpc-networks"

	networkID = "projects/" + project + "/global/networks/net"
)

func network() made { return made{gcp.TypeNetwork, "net", map[string]any{"name": "net"}} }

func subnet() made {
	return made{gcp.TypeSubnetwork, "subnet", map[string]any{"name": "subnet", "network": networkID, "ipCidrRange": "10.0.0.0/20", "region": region}}
}

func reserved() made {
	return made{gcp.TypeGlobalAddress, "range", map[string]any{"name": "range", "purpose": "VPC_PEERING", "addressType": "INTERNAL", "network": networkID}}
}

func connection() made {
	return made{gcp.TypeConnection, "peering", map[string]any{
		"network": networkID, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{"range"},
	}}
}

// peering is private services access in a network.
func peering() []made { return []made{network(), reserved(), connection()} }

func networkRows() []row {
	const firewall, record = "gcp:compute/firewall:Firewall", "gcp:dns/recordSet:RecordSet"
	wall := map[string]any{"network": networkID, "direction": "INGRESS", "sourceRanges": []any{"35.191.0.0/16"}, "allows": []any{map[string]any{"protocol": "tcp"}}}
	router := map[string]any{"name": "router", "network": networkID, "region": region}
	nat := map[string]any{"router": "router", "region": region, "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}
	return []row{
		{
			what: "a name with capital letters", typ: gcp.TypeNetwork, right: network().inputs,
			change: changes{"name": "VPC"}, says: "doesn't match regexp", source: computeNames,
		},
		{
			what: "deleting a network with a subnet", typ: gcp.TypeNetwork, right: network().inputs, when: onDelete,
			user: []made{subnet()}, says: "is already being used by", source: vpcDelete,
		},
		{
			what: "deleting a network that is peered with Google's services", typ: gcp.TypeNetwork, right: network().inputs, when: onDelete,
			user: []made{reserved(), connection()}, says: "peerings/servicenetworking-googleapis-com'", source: "https://github.com/GoogleCloudPlatform/magic-modules/pull/18476",
		},
		{
			what: "a subnet without a range of addresses", typ: gcp.TypeSubnetwork, right: subnet().inputs,
			change: changes{"ipCidrRange": "all"}, says: "to be a valid CIDR Value", source: "https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks",
		},
		{
			what: "two secondary ranges of one name", typ: gcp.TypeSubnetwork, right: ranged().inputs,
			change: changes{"secondaryIpRanges": []any{
				map[string]any{"rangeName": "pods", "ipCidrRange": "10.64.0.0/16"}, map[string]any{"rangeName": "pods", "ipCidrRange": "10.128.0.0/20"},
			}}, says: "Another range has this name", source: "https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks",
		},
		{
			what: "a firewall without rules", typ: firewall, right: wall,
			change: changes{"allows": nil}, says: "one of `allows,denies` must be specified", source: firewallSDK,
		},
		{
			what: "a firewall for egress with source ranges", typ: firewall, right: wall,
			change: changes{"direction": "EGRESS"}, says: "cannot be used with direction EGRESS", source: firewallAPI,
		},
		{
			what: "a range for private services without a network", typ: gcp.TypeGlobalAddress, right: reserved().inputs,
			change: changes{"network": nil}, says: "A network is required", source: addressAPI,
		},
		{
			what: "a peering over a range that is not reserved", typ: gcp.TypeConnection, right: connection().inputs, when: onCreate,
			given: []made{network()}, lacking: []made{reserved()}, says: "Cannot find the allocated range 'range'", source: privateRange,
		},
		{
			what: "cutting a peering that Cloud SQL uses", typ: gcp.TypeConnection, right: connection().inputs, when: onDelete,
			given: []made{network(), reserved()}, user: []made{{gcp.TypeDatabaseInstance, "db", instance()}}, says: "are still using this connection", source: privateRange,
		},
		{
			what: "NAT on a router that does not exist", typ: "gcp:compute/routerNat:RouterNat", right: nat, when: onCreate,
			given: []made{network()}, lacking: []made{{gcp.TypeRouter, "router", router}}, says: "routers/router' was not found", source: natSDK,
		},
		{
			what: "NAT for subnets of a kind that does not exist", typ: "gcp:compute/routerNat:RouterNat", right: nat,
			change: changes{"sourceSubnetworkIpRangesToNat": "SOME"}, says: "expected sourceSubnetworkIpRangesToNat to be one of", source: natSDK,
		},
		{
			what: "a zone without the dot at its end", typ: gcp.TypeManagedZone, right: map[string]any{"dnsName": "googleapis.com."},
			change: changes{"dnsName": "googleapis.com"}, says: "must end with a dot", source: dnsSDK,
		},
		{
			what: "a record without the dot at its end", typ: record, right: map[string]any{"managedZone": "zone", "name": "a.googleapis.com.", "type": "A", "rrdatas": []any{"10.0.0.1"}},
			change: changes{"name": "a.googleapis.com"}, says: "must end with a dot", source: recordSDK,
		},
		{
			what: "TLS 1.3 only, which this version of the provider does not know", typ: gcp.TypeSSLPolicy,
			right:  map[string]any{"minTlsVersion": "TLS_1_2", "profile": "RESTRICTED"},
			change: changes{"minTlsVersion": "TLS_1_3"}, says: "expected minTlsVersion to be one of", source: sslSDK,
		},
		{
			what: "ciphers of one's own without the profile CUSTOM", typ: gcp.TypeSSLPolicy, right: map[string]any{"profile": "RESTRICTED"},
			change: changes{"customFeatures": []any{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}}, says: "if and only if profile is CUSTOM", source: sslAPI,
		},
	}
}

package gcp_test

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// TestAResourceIsImportedByEachFormOfItsID takes the forms from the section
// "Import" of each resource's page, for example
// https://www.pulumi.com/registry/packages/gcp/api-docs/compute/subnetwork/#import.
func TestAResourceIsImportedByEachFormOfItsID(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	network := c.peering()
	c.must(gcp.TypeSubnetwork, "subnet", map[string]any{"name": "subnet", "network": network, "ipCidrRange": "10.0.0.0/20"})
	c.must(gcp.TypeDatabaseInstance, "db", instance())
	for _, elsewhere := range []string{"europe-west1", "us-east1"} {
		c.must(gcp.TypeSubnetwork, elsewhere, map[string]any{"name": "twin", "network": network, "ipCidrRange": "10.1.0.0/20", "region": elsewhere})
	}
	const subnet = "projects/" + project + "/regions/" + region + "/subnetworks/subnet"
	for given, want := range map[string]string{
		subnet:                             subnet,
		project + "/" + region + "/subnet": subnet,
		region + "/subnet":                 subnet,
		"subnet":                           subnet,
		"https://www.googleapis.com/compute/v1/" + subnet: subnet,
		"us-east1/twin":                    "projects/" + project + "/regions/us-east1/subnetworks/twin",
		"twin":                             "", // which of them?
		"europe-west1/subnet":              "",
		"other-project/us-central1/subnet": "",
		"subne":                            "",
	} {
		assert.Equal(t, want, c.read(gcp.TypeSubnetwork, given), given)
	}
	for _, given := range []string{"db", project + "/db", "projects/" + project + "/instances/db"} {
		assert.Equal(t, "db", c.read(gcp.TypeDatabaseInstance, given), given)
	}
}

// read returns the id of what the provider finds under one.
func (c *cloud) read(typ, id string) string {
	c.t.Helper()
	response, err := c.server.Read(c.t.Context(), &pulumirpc.ReadRequest{Urn: urn(typ, "it"), Id: id})
	require.NoError(c.t, err)
	return response.GetId()
}

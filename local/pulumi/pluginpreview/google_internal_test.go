package pluginpreview

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryLookUpOfTheProgramHasAnAnswer(t *testing.T) {
	t.Parallel()
	project, err := readProject("prod", []byte("config: {license-platform:network: {name: coditect-vpc, stayingPrivateServicesRanges: [coditect-services], edgeAddress: {name: ours, adopt: false}}}"))
	require.NoError(t, err)
	e := existingProject{ca: "Q0E=", project: project}
	for request, name := range map[[2]string]string{
		{"compute.googleapis.com", "/compute/beta/projects/p/global/networks/coditect-vpc"}:                  "coditect-vpc",
		{"compute.googleapis.com", "/compute/v1/projects/p/regions/us-central1/subnetworks/coditect-subnet"}: "coditect-subnet",
		{"compute.googleapis.com", "/compute/beta/projects/p/global/addresses/coditect-ai-ip"}:               "coditect-ai-ip",
		{"container.googleapis.com", "/v1beta1/projects/p/locations/us-central1/clusters/coditect-cluster"}:  "coditect-cluster",
	} {
		found, known := e.answer("GET", request[0], request[1])
		require.True(t, known, request)
		assert.Equal(t, name, found.(map[string]any)["name"])
	}
	cluster, _ := e.answer("GET", "container.googleapis.com", "/v1beta1/projects/p/locations/us-central1/clusters/a")
	assert.Equal(t, "us-central1", cluster.(map[string]any)["location"])
	listed, known := e.answer("GET", "compute.googleapis.com", "/compute/beta/projects/p/aggregated/addresses")
	require.True(t, known)
	assert.Contains(t, fmt.Sprint(listed), "coditect-services")
	reserved, _ := e.answer("GET", "compute.googleapis.com", "/compute/beta/projects/p/global/addresses/coditect-services")
	assert.Equal(t, "projects/p/global/networks/coditect-vpc", reserved.(map[string]any)["network"])
	own, known := e.answer("GET", "compute.googleapis.com", "/compute/beta/projects/p/global/addresses/ours")
	require.True(t, known)
	assert.Nil(t, own, "the stack makes it")
	sink, known := e.answer("GET", "logging.googleapis.com", "/v2/projects/p/sinks/license-platform")
	require.True(t, known)
	assert.Nil(t, sink, "the stack makes it, too")
	policy, known := e.answer("POST", "cloudresourcemanager.googleapis.com", "/v1/projects/p:getIamPolicy")
	require.True(t, known)
	assert.Contains(t, policy, "auditConfigs")
	for _, request := range [][3]string{
		{"POST", "cloudresourcemanager.googleapis.com", "/v1/projects/p:setIamPolicy"},
		{"POST", "compute.googleapis.com", "/compute/beta/projects/p/global/networks"},
		{"DELETE", "compute.googleapis.com", "/compute/beta/projects/p/global/networks/coditect-vpc"},
		{"GET", "compute.googleapis.com", "/compute/beta/projects/p/global/firewalls/a"},
		{"GET", "example.com", "/compute/beta/projects/p/global/networks/coditect-vpc"},
	} {
		_, known := e.answer(request[0], request[1], request[2])
		assert.False(t, known, request)
	}
}

package cluster

import (
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheGatewayOfAMemberIsInItsLocation(t *testing.T) {
	t.Parallel()
	for membership, want := range map[string]string{
		"//gkehub.googleapis.com/projects/p/locations/europe-west1/memberships/licenses": "https://europe-west1-connectgateway.googleapis.com/v1/projects/42/locations/europe-west1/gkeMemberships/licenses",
		"//gkehub.googleapis.com/projects/17/locations/global/memberships/ide":           "https://connectgateway.googleapis.com/v1/projects/42/locations/global/gkeMemberships/ide",
	} {
		m, err := parseMember(membership)
		require.NoError(t, err)
		assert.Equal(t, want, m.gateway("42"), "with the fleet project's number")
	}
	for _, wrong := range []string{"", "projects/p/locations/l/memberships/m", "//gkehub.googleapis.com/projects/p/locations/l/memberships/m/x"} {
		_, err := parseMember(wrong)
		assert.ErrorContains(t, err, "is not a fleet membership", wrong)
	}
}

func TestAnAdoptedClusterHasToBeInAFleetForTheGateway(t *testing.T) {
	t.Parallel()
	through := Settings{Name: "ide", Location: "us-central1", ConnectGateway: true}
	_, err := membershipOf(through, "acme", nil)
	require.ErrorContains(t, err, "cluster ide is in no fleet")
	assert.ErrorContains(t, err, "gcloud container clusters update ide --enable-fleet --location=us-central1 --project=acme")
	got, err := membershipOf(through, "acme", []container.GetClusterFleet{{Membership: "//m"}})
	require.NoError(t, err)
	assert.Equal(t, "//m", got)
	got, err = membershipOf(Settings{Name: "ide"}, "acme", nil)
	require.NoError(t, err, "nobody needs it")
	assert.Empty(t, got)
}

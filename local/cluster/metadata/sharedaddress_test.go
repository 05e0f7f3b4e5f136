package metadata_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"cloud.google.com/go/auth/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/cluster/metadata"
)

// Google's own library finds the server by the variable, so nothing runs beside this test.
func TestAPodWithoutANetworkGetsTokensOfItsOwnAccount(t *testing.T) {
	s := server()
	server := httptest.NewServer(s.SharedAddressHandler())
	defer server.Close()
	at := netip.MustParseAddrPort(strings.TrimPrefix(server.URL, "http://"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	for pod, says := range map[string]string{bound: "", unbound: "getAccessToken' denied"} {
		name, value, _ := strings.Cut(metadata.VariableOfSharedAddress(at, netip.MustParseAddr(pod)), "=")
		t.Setenv(name, value)
		found, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: []string{"https://www.googleapis.com/auth/sqlservice.login"}})
		require.NoError(t, err)
		token, err := found.Token(t.Context())
		if says != "" {
			require.ErrorContains(t, err, says)
			continue
		}
		require.NoError(t, err)
		access, known := s.Access(token.Value)
		require.True(t, known)
		assert.Equal(t, "serviceAccount:"+email, access.Member)
		assert.Equal(t, []string{"https://www.googleapis.com/auth/sqlservice.login"}, access.Scopes)
	}
}

func TestAPodWithANetworkFindsTheServerWhereAClustersDoes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "GCE_METADATA_HOST=169.254.169.254", metadata.Variable())
}

func TestAPodWithANetworkIsNotBelievedWhoItIs(t *testing.T) {
	t.Parallel()
	code, _ := ask(t, server(), unbound, "/pods/"+bound+base+"default/token")
	assert.Equal(t, 404, code)
}

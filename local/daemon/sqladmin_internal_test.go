package daemon

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/google/iam"
)

func TestTheAdminAPIJudgesByWhatIsDeclared(t *testing.T) {
	t.Parallel()
	const email, member = "license-api@acme.iam.gserviceaccount.com", "serviceAccount:license-api@acme.iam.gserviceaccount.com"
	a := sqlAdmin{store: store.New(), metadata: metadata.New("acme", "1", func(netip.AddrPort) (metadata.Pod, bool) {
		return metadata.Pod{Namespace: "coditect-app", Account: "license-api", Email: email, Granted: true}, true
	})}
	require.NoError(t, a.store.Put(store.Resource{Type: gcp.TypeDatabaseInstance, ID: "stores", Outputs: map[string]any{
		"project": "acme", "region": "us-central1", "databaseVersion": "POSTGRES_16", "privateIpAddress": "127.77.16.2",
		"serverCaCerts": []any{map[string]any{"cert": "PEM"}},
	}}))
	assert.False(t, a.Allows(member, iam.SQLConnect, "acme", "stores"), "before anything is granted")
	require.NoError(t, a.store.Put(store.Resource{Type: gcp.TypeProjectMember, ID: "grant", Outputs: map[string]any{
		"project": "acme", "role": "roles/cloudsql.client", "member": member,
		"condition": map[string]any{"title": "only", "expression": "resource.name == 'projects/acme/instances/stores'"},
	}}))

	found, exists := a.Instance("acme", "stores")
	require.True(t, exists)
	assert.Equal(t, "us-central1 POSTGRES_16 127.77.16.2 PEM", strings.Join([]string{found.Region, found.Version, found.Address.String(), found.ServerCA}, " "))
	for _, other := range [][2]string{{"another", "stores"}, {"acme", "another"}} {
		_, exists = a.Instance(other[0], other[1])
		assert.False(t, exists, other)
	}
	assert.True(t, a.Allows(member, iam.SQLConnect, "acme", "stores"))
	assert.False(t, a.Allows(member, iam.SQLLogin, "acme", "stores"), "another right")
	assert.False(t, a.Allows(member, iam.SQLConnect, "acme", "another"), "another instance")
	assert.False(t, a.Allows(member, iam.SQLConnect, "another", "stores"), "another project")

	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/computeMetadata/v1/instance/service-accounts/default/token", nil)
	r.RemoteAddr = "127.77.64.2:40000"
	r.Header.Set("Metadata-Flavor", "Google")
	w := httptest.NewRecorder()
	a.metadata.ServeHTTP(w, r)
	_, token, _ := strings.Cut(w.Body.String(), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	caller, known := a.Caller(token)
	require.True(t, known, w.Body)
	assert.Equal(t, member, caller.Member)
	_, known = a.Caller("ya29.guessed")
	assert.False(t, known)
}

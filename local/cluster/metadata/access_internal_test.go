package metadata

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// take asks for a token as the one pod there is.
func take(t *testing.T, s *Server, query string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/computeMetadata/v1/instance/service-accounts/default/token"+query, nil)
	r.RemoteAddr = "127.77.64.2:40000"
	r.Header.Set(flavor, "Google")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &token), w.Body)
	return token.AccessToken
}

func TestAnAccessTokenOpensWhatItWasAskedForUntilItExpires(t *testing.T) {
	t.Parallel()
	pod := Pod{Namespace: "coditect-app", Account: "license-api", Email: "license-api@coditect.iam.gserviceaccount.com", Granted: true}
	who := func(netip.AddrPort) (Pod, bool) { return pod, true }
	s, clock := New("coditect", "1", who), time.Unix(1_700_000_000, 0)
	s.now = func() time.Time { return clock }

	all := take(t, s, "")
	found, known := s.Access(all)
	require.True(t, known)
	assert.Equal(t, Access{"serviceAccount:" + pod.Email, []string{scope}, clock.Add(lifetime)}, found)
	login, _ := s.Access(take(t, s, "?scopes=https://www.googleapis.com/auth/sqlservice.login"))
	assert.Equal(t, []string{"https://www.googleapis.com/auth/sqlservice.login"}, login.Scopes)

	_, known = New("coditect", "1", who).Access(all)
	assert.False(t, known, "another server's token")
	for _, made := range []string{"", "ya29.local-", "ya29.local-abc", all[len(prefix):], all[:len(all)-4]} {
		_, known = s.Access(made)
		assert.False(t, known, made)
	}
	clock = clock.Add(lifetime)
	_, known = s.Access(all)
	assert.False(t, known, "an expired token")

	pod.Email = ""
	own, known := s.Access(take(t, s, ""))
	require.True(t, known)
	assert.Equal(t, "serviceAccount:coditect.svc.id.goog[coditect-app/license-api]", own.Member)
}

package metadata_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/cluster/metadata"
)

const (
	email = "license-api@coditect.iam.gserviceaccount.com"
	base  = "/computeMetadata/v1/instance/service-accounts/"
)

// The addresses of the pods.
const (
	bound     = "127.77.64.2" // may act as a Google service account
	unbound   = "127.77.64.3" // has the annotation, but IAM does not grant it
	anonymous = "127.77.64.4" // has no annotation
	nobody    = "127.77.64.5"
)

func server() *metadata.Server {
	return metadata.New("coditect", "123456789012", func(at netip.AddrPort) (metadata.Pod, bool) {
		p := metadata.Pod{Namespace: "coditect-app", Account: "license-api", Email: email, UniqueID: "100000000000000000042"}
		switch at.Addr().String() {
		case bound:
			p.Granted = true
		case anonymous:
			p = metadata.Pod{Namespace: "coditect-app", Account: "default"}
		case nobody:
			return p, false
		}
		return p, true
	})
}

// ask sends a request as a pod; headers replace the one that is needed.
func ask(t *testing.T, s *metadata.Server, pod, path string, headers ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.RemoteAddr = pod + ":40000"
	if len(headers) == 0 {
		headers = []string{"Metadata-Flavor", "Google"}
	}
	r.Header.Set(headers[0], headers[1])
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	assert.Equal(t, "Google", w.Header().Get("Metadata-Flavor"), "clients know the server by it")
	return w.Code, w.Body.String()
}

func TestAPodLearnsWhoItIs(t *testing.T) {
	t.Parallel()
	s := server()
	for _, c := range []struct{ pod, path, want string }{
		{bound, "/", "computeMetadata/"},
		{bound, "/computeMetadata/v1/project/project-id", "coditect"},
		{bound, "/computeMetadata/v1/project/numeric-project-id", "123456789012"},
		{bound, base, "default/\n" + email + "/\n"},
		{bound, base + "default/email", email},
		{bound, base + email + "/email", email},
		{bound, base + "default/scopes", "https://www.googleapis.com/auth/cloud-platform"},
		{unbound, base + "default/email", email},
		{anonymous, base + "default/email", "coditect.svc.id.goog"},
	} {
		code, body := ask(t, s, c.pod, c.path)
		assert.Equal(t, http.StatusOK, code, c.path)
		assert.Equal(t, c.want, body, c.path)
	}
	_, body := ask(t, s, bound, base+"default/?recursive=true")
	assert.JSONEq(t, `{"aliases": ["default"], "email": "`+email+`", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}`, body)
}

func TestAPodGetsTokensOfItsOwnAccount(t *testing.T) {
	t.Parallel()
	s := server()
	for _, pod := range []string{bound, anonymous} {
		code, body := ask(t, s, pod, base+"default/token")
		require.Equal(t, http.StatusOK, code, body)
		var token struct {
			AccessToken string `json:"access_token"`
			ExpiresIn   int    `json:"expires_in"`
			TokenType   string `json:"token_type"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &token))
		assert.NotEmpty(t, token.AccessToken)
		assert.Equal(t, 3599, token.ExpiresIn)
		assert.Equal(t, "Bearer", token.TokenType)
	}
	code, body := ask(t, s, bound, base+"default/identity?audience=https://license.example&format=full")
	require.Equal(t, http.StatusOK, code, body)
	parsed, err := jwt.ParseSigned(body, []jose.SignatureAlgorithm{jose.RS256})
	require.NoError(t, err)
	keys, err := s.Keys()
	require.NoError(t, err)
	var claims struct {
		jwt.Claims
		Email string `json:"email"`
	}
	require.NoError(t, parsed.Claims(keys, &claims))
	require.NoError(t, claims.Validate(jwt.Expected{Issuer: "https://accounts.google.com", AnyAudience: jwt.Audience{"https://license.example"}, Subject: "100000000000000000042", Time: time.Now()}))
	assert.Equal(t, email, claims.Email)
}

func TestWhatIsNotThePodsIsRefused(t *testing.T) {
	t.Parallel()
	s := server()
	const denied = "IAM returned 403 Forbidden: Permission 'iam.serviceAccounts."
	for name, c := range map[string]struct {
		pod, path string
		headers   []string
		code      int
		says      string
	}{
		"a request without the header":           {bound, base + "default/token", []string{"Accept", "*/*"}, 403, "Metadata-Flavor: Google is missing"},
		"a request with another header":          {bound, base + "default/token", []string{"Metadata-Flavor", "Amazon"}, 403, "is missing"},
		"a token without the binding":            {unbound, base + "default/token", nil, 403, denied + "getAccessToken' denied"},
		"an ID token without the binding":        {unbound, base + "default/identity?audience=x", nil, 403, "serviceAccount:coditect.svc.id.goog[coditect-app/license-api]"},
		"an ID token without the annotation":     {anonymous, base + "default/identity?audience=x", nil, 404, "iam.gke.io/gcp-service-account is missing"},
		"an ID token for nobody":                 {bound, base + "default/identity", nil, 400, "audience"},
		"another account's token":                {anonymous, base + email + "/token", nil, 404, "is not the pod's"},
		"the tokens of who is no pod":            {nobody, base + "default/token", nil, 404, "no pod calls from"},
		"the attributes of the node":             {bound, "/computeMetadata/v1/instance/attributes/kube-env", nil, 404, ""},
		"the paths of before the header existed": {bound, "/computeMetadata/v1beta1/instance/service-accounts/default/token", nil, 404, ""},
	} {
		code, body := ask(t, s, c.pod, c.path, c.headers...)
		assert.Equal(t, c.code, code, name)
		assert.Contains(t, body, c.says, name)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+"default/token", nil)
	r.RemoteAddr = bound + ":40000"
	r.Header.Set("Metadata-Flavor", "Google")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	assert.Equal(t, http.StatusForbidden, w.Code, "a proxy that was tricked gives itself away")
}

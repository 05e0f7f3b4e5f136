package metadata

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// prefix is what Google's access tokens begin with.
const prefix = "ya29.local-"

// Access is what an access token opens.
type Access struct {
	// Member is its account in the form of IAM: serviceAccount:EMAIL, or the Kubernetes
	// service account itself.
	Member string
	// Scopes are what it is for.
	Scopes []string
	// Expires is when it ends.
	Expires time.Time
}

// accessClaims are what a token carries.
type accessClaims struct {
	jwt.Claims
	Scopes []string `json:"scopes"`
}

// accessKey signs access tokens while the server runs, so that tokens need not be stored
// and cannot be forged.
func accessKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (https://pkg.go.dev/crypto/rand#Read)
	return key
}

// accessToken is a token for the pod, with the scopes that the request asks for, or that
// for all of Google Cloud
// (https://cloud.google.com/compute/docs/access/authenticate-workloads#applications).
func (s *Server) accessToken(r *http.Request, p Pod) (string, error) {
	with, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: s.access}, nil)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	scopes := []string{scope}
	if asked := r.FormValue("scopes"); asked != "" {
		scopes = strings.Split(asked, ",")
	}
	claims := accessClaims{jwt.Claims{Subject: p.Member(s.project), Expiry: jwt.NewNumericDate(s.now().Add(lifetime))}, scopes}
	signed, err := jwt.Signed(with).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return prefix + signed, nil
}

// Member is the pod in the form of its project's IAM
// (https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#kubernetes-resources-iam-policies).
func (p Pod) Member(project string) string {
	if p.Email != "" {
		return "serviceAccount:" + p.Email
	}
	return fmt.Sprintf("serviceAccount:%s.svc.id.goog[%s/%s]", project, p.Namespace, p.Account)
}

// Access reads an access token that this server has given to a pod; false for any other,
// and for one that has expired.
func (s *Server) Access(token string) (Access, bool) {
	text, ours := strings.CutPrefix(token, prefix)
	if !ours {
		return Access{}, false
	}
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Access{}, false
	}
	var claims accessClaims
	if parsed.Claims(s.access, &claims) != nil || claims.Expiry == nil || !s.now().Before(claims.Expiry.Time()) {
		return Access{}, false
	}
	return Access{Member: claims.Subject, Scopes: claims.Scopes, Expires: claims.Expiry.Time()}, true
}

package metadata

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// lifetime is the lifetime of Google's tokens.
const lifetime = time.Hour

// denial is what IAM says when the binding is missing.
const denial = "IAM returned 403 Forbidden: Permission 'iam.serviceAccounts.%s' denied on resource (or it may not exist): " +
	"roles/iam.workloadIdentityUser on %s is not granted to serviceAccount:%s.svc.id.goog[%s/%s]"

// token gives an access token: of the Google service account, when the pod may act
// as it, and without one of the Kubernetes service account itself, which opens
// only what is granted to that.
func (s *Server) token(w http.ResponseWriter, r *http.Request, p Pod) {
	if p.Email != "" && !p.Granted {
		s.refuse(w, p, "access token", "getAccessToken")
		return
	}
	token, err := s.accessToken(r, p)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	encode(w, map[string]any{"access_token": token, "expires_in": int(lifetime.Seconds()) - 1, "token_type": "Bearer"})
}

// identity gives an ID token for an audience. Only a Google service account has
// them.
func (s *Server) identity(w http.ResponseWriter, r *http.Request, p Pod) {
	audience := r.FormValue("audience")
	switch {
	case audience == "":
		http.Error(w, "the parameter audience is missing", http.StatusBadRequest)
	case p.Email == "":
		http.Error(w, fmt.Sprintf("the Kubernetes service account %s/%s acts as no Google service account: the annotation iam.gke.io/gcp-service-account is missing", p.Namespace, p.Account), http.StatusNotFound)
	case !p.Granted:
		s.refuse(w, p, "identity token", "getOpenIdToken")
	default:
		signed, err := s.signer.sign(p, audience, r.FormValue("format") == "full")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		say(w, signed)
	}
}

func (s *Server) refuse(w http.ResponseWriter, p Pod, what, permission string) {
	http.Error(w, fmt.Sprintf("Unable to generate "+what+"; "+denial, permission, p.Email, s.project, p.Namespace, p.Account), http.StatusForbidden)
}

// signer signs ID tokens with a key that it makes for the first one.
type signer struct {
	mu  sync.Mutex
	key *jose.JSONWebKey
}

func (s *signer) own() (*jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == nil {
		const bits = 2048
		made, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, fmt.Errorf("make a key for ID tokens: %w", err)
		}
		s.key = &jose.JSONWebKey{Key: made, KeyID: rand.Text(), Algorithm: string(jose.RS256), Use: "sig"}
	}
	return s.key, nil
}

// sign makes an ID token as Google's
// (https://cloud.google.com/docs/authentication/token-types#id).
func (s *signer) sign(p Pod, audience string, full bool) (string, error) {
	key, err := s.own()
	if err != nil {
		return "", err
	}
	with, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	now := time.Now()
	claims := map[string]any{
		"iss": "https://accounts.google.com", "aud": audience, "azp": p.UniqueID, "sub": p.UniqueID,
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}
	if full {
		claims["email"], claims["email_verified"] = p.Email, true
	}
	signed, err := jwt.Signed(with).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	return signed, nil
}

// Keys are the public keys that verify the ID tokens.
func (s *Server) Keys() (jose.JSONWebKeySet, error) {
	key, err := s.signer.own()
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}, nil
}

func say(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/text")
	_, _ = w.Write([]byte(text)) // who is gone needs no answer
}

func encode(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // who is gone needs no answer
}

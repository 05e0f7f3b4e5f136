package identity

import (
	"encoding/json"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// KeysPath is where the handler serves the JWKS, the path of Google's own.
const KeysPath = "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"

// Handler serves the public keys at KeysPath, with a cache header like the one
// that Google sends.
func (i *Issuer) Handler() http.Handler {
	keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: string(jose.RS256), Use: "sig"}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.Header().Set("Cache-Control", "public, max-age=3600, must-revalidate, no-transform")
		_ = json.NewEncoder(w).Encode(keys) // the client is gone if this fails
	})
	return mux
}

package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Readiness is the answer of /ready.
type Readiness struct {
	Ready bool `json:"ready"`
	// Checks says "ok" or what is wrong, by dependency.
	Checks map[string]string `json:"checks" doc:"ok, or what is wrong, by dependency"`
}

// Health is the answer of /health.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// KeySet describes the published key set: see app/kms.
type KeySet struct {
	Keys []PublicKey `json:"keys" nullable:"false"`
}

// PublicKey describes a key of the set: RSA, for RS512.
type PublicKey struct {
	KeyType   string `json:"kty" enum:"RSA"`
	KeyID     string `json:"kid" doc:"KEY.VERSION, as in a token's header" example:"license-signing.1"`
	Use       string `json:"use" enum:"sig"`
	Algorithm string `json:"alg" enum:"RS512"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// registerPublic adds what needs no token: liveness, readiness and public keys.
func (a *api) registerPublic(mux *http.ServeMux) {
	mux.HandleFunc(routeHealth, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, Health{Status: "ok"})
	})
	mux.HandleFunc(routeReady, func(w http.ResponseWriter, r *http.Request) {
		state := a.config.Ready(r.Context())
		status := http.StatusOK
		if !state.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, state)
	})
	mux.HandleFunc("GET "+pathKeys, a.publishKeys)
}

// publishKeys serves the key set. Clients may keep it for as long as it is good, and for a
// day while the service is away: a new key version is published long before it signs.
func (a *api) publishKeys(w http.ResponseWriter, r *http.Request) {
	content, good, err := a.config.Keys(r.Context())
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d, stale-if-error=86400", int(good.Seconds())))
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("ETag", tag)
	if known(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(content)
}

// known says whether one of the client's tags is the tag of the current content. What lies
// between may have compressed the answer and made the tag a weak one (RFC 9110, section
// 13.1.2).
func known(named []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(named, ","), ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(value)
}

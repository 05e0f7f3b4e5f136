package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// Readiness is the answer of /ready.
type Readiness struct {
	Ready bool `json:"ready"`
	// Checks says "ok" or what is wrong, by dependency.
	Checks map[string]string `json:"checks"`
}

// registerPublic adds what needs no token: liveness, readiness and public keys.
func (a *api) registerPublic(mux *http.ServeMux) {
	mux.HandleFunc(routeHealth, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
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

// publishKeys serves the key set. Clients may keep it for an hour, and for a day
// while the service is away: a new key version is published long before it signs.
func (a *api) publishKeys(w http.ResponseWriter, r *http.Request) {
	content, err := a.config.Keys(r.Context())
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("Cache-Control", "public, max-age=3600, stale-if-error=86400")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(content)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(value)
}

// Package stub replaces the Cloud IDE, which runs in the cluster before the license
// platform and must not change: two HTTP services that answer with their name, which
// shows where the load balancer sent a request.
package stub

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
)

// messageLimit bounds a WebSocket message that is echoed, in bytes.
const messageLimit = 64 << 10

// NewAPI replaces coditect-api-v2: GET /health answers ok, /ws echoes WebSocket messages,
// and everything else says in JSON which service got which request.
func NewAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", healthy)
	mux.HandleFunc("/ws", echo)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { describe(w, r, cloudide.API) })
	return mux
}

// NewFrontend replaces coditect-frontend: GET /health answers ok, and every other path is
// one small page.
func NewFrontend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", healthy)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Service", cloudide.Frontend)
		_, _ = fmt.Fprint(w, page) // a client that is gone needs no page
	})
	return mux
}

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>coditect-frontend</title></head>
<body><main><h1>Cloud IDE</h1><p>This is the stand-in for the service <code>coditect-frontend</code>.</p></main></body>
</html>
`

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, "ok")
}

// description is what a stand-in says about a request.
type description struct {
	Service        string `json:"service"`
	Method         string `json:"method"`
	Host           string `json:"host"`
	Path           string `json:"path"`
	ForwardedFor   string `json:"forwardedFor,omitempty"`
	ForwardedProto string `json:"forwardedProto,omitempty"`
}

func describe(w http.ResponseWriter, r *http.Request, service string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Service", service)
	_ = json.NewEncoder(w).Encode(description{
		Service: service, Method: r.Method, Host: r.Host, Path: r.URL.Path,
		ForwardedFor: r.Header.Get("X-Forwarded-For"), ForwardedProto: r.Header.Get("X-Forwarded-Proto"),
	})
}

// echo returns every WebSocket message to its sender until either side closes.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(messageLimit)
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

package pluginpreview

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
)

// respond answers a request that reached the proxy, in the shape of
// Google's APIs (https://cloud.google.com/apis/design/errors).
func (d *Proxy) respond(w http.ResponseWriter, r *http.Request) {
	host := strings.TrimSuffix(r.Host, ":443")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	body, known := d.answer(r.Method, host, r.URL.Path)
	status := http.StatusOK
	switch {
	case known && body == nil:
		d.Requests.answered(r.Method, host, r.URL.Path)
		status = http.StatusNotFound
		body = map[string]any{"error": map[string]any{"code": status, "status": "NOT_FOUND", "message": path.Base(r.URL.Path) + " not found."}}
	case known:
		d.Requests.answered(r.Method, host, r.URL.Path)
	default:
		d.Requests.refuse(r.Method, host, r.URL.Path)
		status = http.StatusForbidden
		body = map[string]any{"error": map[string]any{
			"code": status, "status": "PERMISSION_DENIED",
			"message": fmt.Sprintf("no call leaves this machine, and nothing here answers %s %s%s", r.Method, host, r.URL.Path),
		}}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the client may be gone
}

package metadata

import (
	"net/http"
	"net/netip"
	"strings"
)

// pods begins the path of a request that says which pod it comes from.
const pods = "/pods/"

// variable tells Google's client libraries where the server is
// (https://pkg.go.dev/cloud.google.com/go/compute/metadata#Client.GetWithContext).
const variable = "GCE_METADATA_HOST="

// Variable is the environment variable for a pod, by which Google's client libraries know
// that there is a server. On a node they know it by the name of the hardware, and take
// the time to find out; on another machine they guess by what answers first
// (https://github.com/googleapis/google-cloud-go/blob/compute/metadata/v0.10.0/compute/metadata/metadata.go, testOnGCE).
func Variable() string { return variable + Address().Addr().String() }

// VariableOfSharedAddress is the variable for a pod without a network of its own: there Address
// leads nowhere, and all pods call from the same address, so each says which it is.
func VariableOfSharedAddress(at netip.AddrPort, pod netip.Addr) string {
	return variable + at.String() + pods + pod.String()
}

// SharedAddressHandler answers pods without a network of their own, too: it believes the address in the
// path. Nothing separates such pods from each other anyhow.
func (s *Server) SharedAddressHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, says := strings.CutPrefix(r.URL.Path, pods)
		address, rest, _ := strings.Cut(path, "/")
		if pod, err := netip.ParseAddr(address); says && err == nil {
			r = r.Clone(r.Context())
			r.RemoteAddr, r.URL.Path = netip.AddrPortFrom(pod, 1).String(), "/"+rest
		}
		s.ServeHTTP(w, r)
	})
}

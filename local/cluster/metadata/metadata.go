// Package metadata is the GKE metadata server: it tells a pod its project and its identity, and
// gives it tokens of the Google service account that its Kubernetes service account may act as
// (https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#metadata_server).
// It serves the paths that Google's client libraries use, and identifies the pod by its
// connection.
package metadata

import (
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Address is where pods reach it, also as metadata.google.internal. On Dataplane
// V2 it is what NetworkPolicies have to admit, on port 80
// (https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#network-policy-and-workload-identity).
func Address() netip.AddrPort { return netip.MustParseAddrPort("169.254.169.254:80") }

// Pod is who asks.
type Pod struct {
	// Namespace and Account name the Kubernetes service account.
	Namespace, Account string
	// Email is the Google service account that the annotation
	// iam.gke.io/gcp-service-account names; empty without one.
	Email string
	// UniqueID is that account's number.
	UniqueID string
	// Granted says that roles/iam.workloadIdentityUser lets the Kubernetes account
	// act as it.
	Granted bool
}

// Server is an http.Handler, safe for concurrent use.
type Server struct {
	project, number string
	who             func(netip.AddrPort) (Pod, bool)
	signer          *signer
	access          []byte // the key of access tokens
	now             func() time.Time
	mux             *http.ServeMux
}

// New returns the metadata server of a project, by its id and its number. who
// tells which pod has opened the connection that comes from an address and port.
func New(project, number string, who func(netip.AddrPort) (Pod, bool)) *Server {
	s := &Server{project: project, number: number, who: who, signer: &signer{}, access: accessKey(), now: time.Now, mux: http.NewServeMux()}
	const v1 = "/computeMetadata/v1"
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { say(w, "computeMetadata/") })
	s.mux.HandleFunc("GET "+v1+"/project/project-id", func(w http.ResponseWriter, _ *http.Request) { say(w, s.project) })
	s.mux.HandleFunc("GET "+v1+"/project/numeric-project-id", func(w http.ResponseWriter, _ *http.Request) { say(w, s.number) })
	for path, answer := range map[string]func(http.ResponseWriter, *http.Request, Pod){
		"/{$}":                s.accounts,
		"/{account}/{$}":      s.account,
		"/{account}/email":    func(w http.ResponseWriter, _ *http.Request, p Pod) { say(w, s.emailOf(p)) },
		"/{account}/scopes":   func(w http.ResponseWriter, _ *http.Request, _ Pod) { say(w, scope) },
		"/{account}/token":    s.token,
		"/{account}/identity": s.identity,
	} {
		s.mux.HandleFunc("GET "+v1+"/instance/service-accounts"+path, s.asPod(answer))
	}
	return s
}

// scope is the one of every token.
const scope = "https://www.googleapis.com/auth/cloud-platform"

const flavor = "Metadata-Flavor"

// ServeHTTP answers programs, and nobody whom a program was tricked into asking
// for: they cannot set the header, or are given away by a proxy's
// (https://cloud.google.com/compute/docs/metadata/querying-metadata#parts-of-a-request).
// The root is for finding out whether this is a metadata server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(flavor, "Google")
	w.Header().Set("Server", "GKE Metadata Server")
	switch {
	case r.Header.Get("X-Forwarded-For") != "":
		http.Error(w, "X-Forwarded-For is not allowed: requests through a proxy are refused", http.StatusForbidden)
	case r.Header.Get(flavor) != "Google" && r.URL.Path != "/":
		http.Error(w, "the header Metadata-Flavor: Google is missing", http.StatusForbidden)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// asPod finds out who asks. An account is "default" or the pod's own email.
func (s *Server) asPod(answer func(http.ResponseWriter, *http.Request, Pod)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, "the metadata server does not know the caller", http.StatusInternalServerError)
			return
		}
		pod, known := s.who(from)
		if !known {
			http.Error(w, "no pod calls from "+from.String(), http.StatusNotFound)
			return
		}
		if account := r.PathValue("account"); account != "" && !slices.Contains([]string{"default", s.emailOf(pod)}, account) {
			http.Error(w, "the service account "+account+" is not the pod's", http.StatusNotFound)
			return
		}
		answer(w, r, pod)
	}
}

// emailOf is the Google service account that the pod acts as; without one it is
// known by the workload identity pool.
func (s *Server) emailOf(p Pod) string {
	if p.Email == "" {
		return s.project + ".svc.id.goog"
	}
	return p.Email
}

func (s *Server) accounts(w http.ResponseWriter, _ *http.Request, p Pod) {
	say(w, "default/\n"+s.emailOf(p)+"/\n")
}

// account lists what there is about an account, or tells all of it.
func (s *Server) account(w http.ResponseWriter, r *http.Request, p Pod) {
	if r.FormValue("recursive") != "true" {
		say(w, "aliases\nemail\nidentity\nscopes\ntoken\n")
		return
	}
	encode(w, map[string]any{"aliases": []string{"default"}, "email": s.emailOf(p), "scopes": []string{scope}})
}

package loadbalancer

import (
	"net/netip"
	"time"
)

// Config is everything the load balancer serves: one load balancer with its URL
// map, its backend services and its TLS front end. The zero value serves nothing
// and has no certificate.
type Config struct {
	// Name is the URL map's name in logs, by convention "namespace/ingress".
	Name string
	// Address is the load balancer's public address, the last entry of
	// X-Forwarded-For. Invalid means the address the load balancer listens on.
	Address netip.Addr
	// Hosts are the URL map's host rules.
	Hosts []Host
	// Default names the backend for what no rule matches; empty answers 404
	// "default backend - 404" as GKE's own default backend does.
	Default string
	// Backends are the backend services that Hosts and Default refer to by name.
	Backends []Backend
	// Certificates are served by SNI; the first one that does not provision answers
	// clients whose SNI matches none, as the primary certificate of a target proxy
	// does. Without one HTTPS is not served.
	Certificates []Certificate
	// TLS is the SSL policy; the zero value is Google's default (COMPATIBLE, TLS
	// 1.0).
	TLS TLSPolicy
	// PlainHTTP says what the port for unencrypted HTTP does.
	PlainHTTP PlainHTTP
}

// Host is a host rule: requests for Host are matched against Paths.
type Host struct {
	// Host is an exact name, "*.example.com" for any name below it, or "*".
	Host string
	// Paths are tried by the longest match, whatever their order.
	Paths []Path
}

// Path is a path rule of a URL map.
type Path struct {
	// Pattern is a path ("/health", matched exactly) or a path that ends in "/*"
	// ("/v1/*", matched by "/v1/" and everything below it, not by "/v1").
	Pattern string
	// Backend names an entry of Config.Backends.
	Backend string
}

// Backend is a backend service. Its name keys everything that outlives a change
// of configuration: endpoint health, requests in flight.
type Backend struct {
	// Name is unique in a Config.
	Name string
	// Endpoints are the addresses of the pods that may be given requests.
	Endpoints []netip.AddrPort
	// Timeout is the longest time from sending a request until the last byte of
	// its response, and the longest life of a WebSocket, idle or not; 0 means
	// Google's default of 30 s.
	Timeout time.Duration
	// Draining is how long requests in flight may go on after their endpoint is
	// removed; 0 cuts them at once, as on Google Cloud.
	Draining time.Duration
	// Affinity chooses how requests stick to an endpoint: "" or AffinityNone, or
	// AffinityClientIP.
	Affinity string
	// HealthCheck decides which endpoints are given requests.
	HealthCheck HealthCheck
	// Guard decides on every request before the backend sees it; nil lets
	// everything pass.
	Guard Guard `json:"-"`
	// IAP puts Identity-Aware Proxy before the backend, after the guard; nil leaves
	// it out.
	IAP *IAP
	// InspectBytes is how much of a request's body the guard is shown; 0 means 8 KiB.
	// Google's default was 8 KiB for years and became 64 KiB later; pulumi-gcp v7.38
	// has no property for it, so the smaller one is all that can be relied on
	// (https://cloud.google.com/armor/docs/content-parsing).
	InspectBytes int
	// Log says which requests are written to the log; requests are logged only
	// when it is enabled, the default for new backend services being off
	// (https://cloud.google.com/armor/docs/request-logging).
	Log Sampling
}

// Sampling is a backend service's logConfig.
type Sampling struct {
	Enable bool
	// Rate is the fraction of the requests that are logged, 0 to 1.
	Rate float64
}

// The kinds of session affinity that are served, of those that an Ingress can ask for
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration).
const (
	AffinityNone     = "NONE"
	AffinityClientIP = "CLIENT_IP"
)

// HealthCheck is an HTTP health check: a GET that is answered with status 200 in
// time counts as a success. Zero values take the defaults that ingress-gce sets
// for network endpoint groups (pkg/healthchecks: every 15 s, 15 s timeout, 1
// success, 2 failures, path "/").
type HealthCheck struct {
	// Interval is the time from the start of one check to the next.
	Interval time.Duration
	// Timeout is how long an answer may take.
	Timeout time.Duration
	// HealthyThreshold and UnhealthyThreshold are the numbers of successes or
	// failures in a row that change an endpoint's health.
	HealthyThreshold, UnhealthyThreshold int
	// Path is the path asked for.
	Path string
	// Port is the port asked; 0 is the endpoint's own.
	Port uint16
}

// Certificate is a Google-managed certificate.
type Certificate struct {
	// Name is the certificate's name, for messages.
	Name string
	// Domains are the names it is valid for.
	Domains []string
	// Provisioning says that Google has not issued it yet: nobody is shown it
	// (https://cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs).
	Provisioning bool
}

// PlainHTTP is the load balancer's front end for unencrypted HTTP.
type PlainHTTP struct {
	// Allowed opens the port.
	Allowed bool
	// RedirectCode answers everything with a redirect to https:// when it is not
	// 0: 301, 302, 303, 307 or 308.
	RedirectCode int
}

const (
	defaultTimeout      = 30 * time.Second
	defaultInspectBytes = 8 << 10
)

func (b Backend) timeout() time.Duration {
	if b.Timeout <= 0 {
		return defaultTimeout
	}
	return b.Timeout
}

func (b Backend) inspectBytes() int {
	if b.InspectBytes <= 0 {
		return defaultInspectBytes
	}
	return b.InspectBytes
}

func (h HealthCheck) withDefaults() HealthCheck {
	if h.Interval <= 0 {
		h.Interval = 15 * time.Second
	}
	if h.Timeout <= 0 {
		h.Timeout = 15 * time.Second
	}
	if h.HealthyThreshold <= 0 {
		h.HealthyThreshold = 1
	}
	if h.UnhealthyThreshold <= 0 {
		h.UnhealthyThreshold = 2
	}
	if h.Path == "" {
		h.Path = "/"
	}
	return h
}

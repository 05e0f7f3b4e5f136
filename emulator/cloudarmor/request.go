package cloudarmor

import (
	"net/http"
	"net/netip"
)

// Request is what the load balancer knows about a request when it asks for a decision.
type Request struct {
	// Method is GET, POST, …
	Method string
	// Scheme is "http" or "https".
	Scheme string
	// Host is the Host header (or :authority), with a port if it has one.
	Host string
	// Path is the URL's path as it was sent, without the query.
	Path string
	// RawQuery is the URL's query as it was sent, without the question mark.
	RawQuery string
	// Headers are the request's headers. A Host header in it is ignored in
	// favour of Host.
	Headers http.Header
	// Body is the request's body, or as much of it as the load balancer has read.
	// Only the first Options.BodyLimit bytes are inspected.
	Body []byte
	// ClientIP is the address of the client.
	ClientIP netip.Addr
	// Region is the client's country (ISO 3166-1 alpha 2); empty when unknown.
	Region string
	// ASN is the client's autonomous system; 0 when unknown.
	ASN int
	// ServerName is the name in the TLS handshake, for rate limits by SNI.
	ServerName string
}

package loadbalancer

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// customHeader is a user-defined header of a backend service
// (https://cloud.google.com/load-balancing/docs/https/custom-headers).
type customHeader struct{ name, template string }

// parseCustomHeader reads "Name: value", the value with variables in braces.
func parseCustomHeader(line string) (customHeader, error) {
	name, template, found := strings.Cut(line, ":")
	template = strings.TrimSpace(template)
	if !found || !isToken(name) || strings.ContainsAny(template, "\r\n\x00") {
		return customHeader{}, fmt.Errorf("custom header %q: want \"Name: value\"", line)
	}
	for rest := template; ; {
		_, after, open := strings.Cut(rest, "{")
		if !open {
			return customHeader{name, template}, nil
		}
		variable, tail, closed := strings.Cut(after, "}")
		if !closed || !slices.Contains(variables(), variable) {
			return customHeader{}, fmt.Errorf("custom header %q: variable %q is unknown; allowed are %s",
				line, variable, strings.Join(variables(), ", "))
		}
		rest = tail
	}
}

// isToken says whether the text may be a header's name (RFC 9110, token).
func isToken(text string) bool {
	return text != "" && strings.Trim(text, "!#$%&'*+-.^_`|~0123456789"+
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// customHeaders parses lines that have been validated.
func customHeaders(lines []string) []customHeader {
	var headers []customHeader
	for _, line := range lines {
		if h, err := parseCustomHeader(line); err == nil {
			headers = append(headers, h)
		}
	}
	return headers
}

// variables are the names that may stand in braces. Those that a machine without
// Google's edge cannot know are empty, as they are there for an unknown client.
func variables() []string {
	return []string{
		"cdn_cache_id", "cdn_cache_status", "client_city", "client_city_lat_long", "client_encrypted",
		"client_ip_address", "client_port", "client_protocol", "client_region", "client_region_subdivision",
		"client_rtt_msec", "device_request_type", "origin_request_header", "server_ip_address", "server_port",
		"tls_cipher_suite", "tls_ja3_fingerprint", "tls_ja4_fingerprint", "tls_sni_hostname", "tls_version",
		"user_agent_family",
	}
}

func (h customHeader) value(x *exchange, r *http.Request) string {
	pairs := make([]string, 0, 2*len(variables()))
	for _, name := range variables() {
		pairs = append(pairs, "{"+name+"}", variable(name, x, r))
	}
	return strings.NewReplacer(pairs...).Replace(h.template)
}

func variable(name string, x *exchange, r *http.Request) string {
	switch name {
	case "client_ip_address":
		return x.client.IP.String()
	case "client_port":
		peer, _ := netip.ParseAddrPort(r.RemoteAddr)
		return strconv.Itoa(int(peer.Port()))
	case "client_region":
		return x.client.Region
	case "client_protocol":
		return r.Proto
	case "client_encrypted":
		return strconv.FormatBool(r.TLS != nil)
	case "server_ip_address":
		return x.snapshot.address.String()
	}
	if r.TLS == nil {
		return ""
	}
	switch name {
	case "tls_version":
		return strings.ReplaceAll(tls.VersionName(r.TLS.Version), " ", "v")
	case "tls_cipher_suite":
		return tls.CipherSuiteName(r.TLS.CipherSuite)
	case "tls_sni_hostname":
		return r.TLS.ServerName
	}
	return ""
}

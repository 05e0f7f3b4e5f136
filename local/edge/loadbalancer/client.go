package loadbalancer

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// ClientHeader lets a caller on the same machine be seen as a client from
// somewhere else, for example "ip=203.0.113.9;region=DE;asn=64500". It is taken
// only from a loopback peer and never forwarded.
const ClientHeader = "X-Local-Client"

// Client is the client of a connection as the load balancer sees it.
type Client struct {
	// IP is the client's address.
	IP netip.Addr
	// Region is the client's code: that of ISO 3166-1 alpha-2, or another one of two
	// letters or digits, since such tables also have codes that are no country
	// (T1, A1); empty is a client whose region Google does not know.
	Region string
	// ASN is the number of the client's network; 0 is unknown.
	ASN uint32
}

// ParseClient reads the value of the X-Local-Client header: ip (required), region
// (two letters or digits, or empty for an unknown region) and asn (0 to
// 4294967295), each at most once, separated by semicolons. A region or asn that is
// not given is taken from fallback.
func ParseClient(value string, fallback Client) (Client, error) {
	client, seen := fallback, map[string]bool{}
	for part := range strings.SplitSeq(value, ";") {
		key, text, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found || seen[key] {
			return Client{}, fmt.Errorf("part %q of %s: want each of ip=, region=, asn= at most once", part, ClientHeader)
		}
		seen[key] = true
		if err := client.set(key, text); err != nil {
			return Client{}, err
		}
	}
	if !seen["ip"] {
		return Client{}, fmt.Errorf("%s %q names no ip; want for example ip=203.0.113.9;region=DE;asn=64500", ClientHeader, value)
	}
	return client, nil
}

func (c *Client) set(key, text string) error {
	switch key {
	case "ip":
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return fmt.Errorf("ip %q of %s is not an IP address", text, ClientHeader)
		}
		c.IP = ip.Unmap()
	case "region":
		if !isRegion(text) {
			return fmt.Errorf("region %q of %s is not a code of two letters or digits", text, ClientHeader)
		}
		c.Region = text
	case "asn":
		asn, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return fmt.Errorf("asn %q of %s is not a number from 0 to 4294967295", text, ClientHeader)
		}
		c.ASN = uint32(asn)
	default:
		return fmt.Errorf("%q of %s is unknown; allowed are ip, region and asn", key, ClientHeader)
	}
	return nil
}

func isRegion(text string) bool {
	if text == "" {
		return true
	}
	return regexp.MustCompile("^[A-Za-z0-9]{2}$").MatchString(text)
}

// clientOf says who sent the request and takes the header off it. Without the
// header a loopback peer is the default client, so that plain curl works.
func (f *LoadBalancer) clientOf(r *http.Request) (Client, error) {
	given := r.Header.Values(ClientHeader)
	r.Header.Del(ClientHeader)
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return Client{}, fmt.Errorf("the peer's address %q cannot be read: %w", r.RemoteAddr, err)
	}
	address := peer.Addr().Unmap()
	fallback := f.options.DefaultClient
	if !address.IsLoopback() {
		return Client{IP: address, Region: fallback.Region}, nil
	}
	if !fallback.IP.IsValid() {
		fallback.IP = address
	}
	switch len(given) {
	case 0:
		return fallback, nil
	case 1:
		return ParseClient(given[0], fallback)
	default:
		return Client{}, fmt.Errorf("%s is given %d times; once is allowed", ClientHeader, len(given))
	}
}

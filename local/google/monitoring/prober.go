package monitoring

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// checker emulates one of Google's checkers. Google's addresses change, and are nobody's
// here, so each has one that is reserved for documentation (RFC 5737).
type checker struct {
	location string
	client   loadbalancer.Client
}

// checkers are the checkers of a region of a check.
// https://cloud.google.com/monitoring/uptime-checks/introduction
func checkers(region string) []checker {
	at := func(location, country string, last byte) checker {
		return checker{location, loadbalancer.Client{IP: netip.AddrFrom4([4]byte{192, 0, 2, last}), Region: country}}
	}
	oregon, iowa, virginia := at("usa-oregon", "US", 11), at("usa-iowa", "US", 12), at("usa-virginia", "US", 13)
	europe, asia, brazil := at("eur-belgium", "BE", 14), at("apac-singapore", "SG", 15), at("sa-brazil-sao_paulo", "BR", 16)
	return map[string][]checker{
		"USA_OREGON": {oregon}, "USA_IOWA": {iowa}, "USA_VIRGINIA": {virginia}, "USA": {oregon, iowa, virginia},
		"EUROPE": {europe}, "ASIA_PACIFIC": {asia}, "SOUTH_AMERICA": {brazil},
	}[region]
}

// check is a declared uptime check.
type check struct {
	id, host, path  string
	port            int
	period, timeout time.Duration
	checkers        []checker
	accepted        []int
}

// userAgent is how Google's checkers name themselves.
// https://cloud.google.com/monitoring/uptime-checks
const userAgent = "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)"

// checkOf reads a declaration. What the program does not declare is not acted out:
// other methods than GET, plain HTTP, matching of content.
func checkOf(id string, declared provider.Properties) (check, error) {
	c := check{
		id: id[strings.LastIndex(id, "/")+1:], host: declared.Text("monitoredResource.labels.host"), path: declared.Text("httpCheck.path"),
		period: duration(declared.Text("period")), timeout: duration(declared.Text("timeout")), port: 443,
	}
	if port, given := declared.Number("httpCheck.port"); given {
		c.port = int(port)
	}
	if method := declared.Text("httpCheck.requestMethod"); method != "" && method != http.MethodGet {
		return c, fmt.Errorf("the uptime check %s asks with %s: only GET is acted out here", c.id, method)
	}
	if !declared.True("httpCheck.useSsl") || c.port != 443 || declared.Has("contentMatchers") {
		return c, fmt.Errorf("the uptime check %s: only HTTPS at port 443 without a look at the content is acted out here", c.id)
	}
	for _, region := range declared.List("selectedRegions") {
		text, _ := region.(string)
		c.checkers = append(c.checkers, checkers(text)...)
	}
	for i := range declared.List("httpCheck.acceptedResponseStatusCodes") {
		if code, known := declared.Number(fmt.Sprintf("httpCheck.acceptedResponseStatusCodes.%d.statusValue", i)); known {
			c.accepted = append(c.accepted, int(code))
		}
	}
	if c.host == "" || len(c.checkers) == 0 || c.period <= 0 || c.timeout <= 0 {
		return c, errors.New("the uptime check " + c.id + " names no host, region, period or timeout")
	}
	return c, nil
}

// result is what a checker found.
type result struct {
	passed bool
	// days is how long the certificate is valid yet; negative when none was seen.
	days float64
}

// prober makes checks against the load balancer, as its checkers would from outside.
type prober struct {
	edge  netip.AddrPort
	roots *x509.CertPool
	now   func() time.Time
}

// probe asks once.
func (p prober) probe(ctx context.Context, c check, from checker) result {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", p.edge.String())
		},
		TLSClientConfig:   &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+c.host+c.path, nil)
	if err != nil {
		return result{days: -1}
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set(loadbalancer.ClientHeader, fmt.Sprintf("ip=%s;region=%s", from.client.IP, from.client.Region))
	response, err := transport.RoundTrip(request)
	if err != nil {
		return result{days: -1}
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // only the status counts
	r := result{passed: slices.Contains(c.accepted, response.StatusCode) || len(c.accepted) == 0 && response.StatusCode/100 == 2, days: -1}
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		r.days = response.TLS.PeerCertificates[0].NotAfter.Sub(p.now()).Hours() / 24
	}
	return r
}

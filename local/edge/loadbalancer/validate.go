package loadbalancer

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// validate reports everything in the configuration that the load balancer's API
// would refuse.
func (c Config) validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	known := map[string]bool{}
	for _, b := range c.Backends {
		if b.Name == "" || known[b.Name] {
			bad("backend %q: a backend needs a name that no other backend has", b.Name)
		}
		known[b.Name] = true
		for _, err := range b.problems() {
			bad("backend %q: %w", b.Name, err)
		}
	}
	refers := func(where, name string) {
		if !known[name] {
			bad("%s refers to backend %q, which is not in the configuration", where, name)
		}
	}
	if c.Default != "" {
		refers("the default backend", c.Default)
	}
	for _, h := range c.Hosts {
		for _, p := range h.Paths {
			refers(fmt.Sprintf("host %q path %q", h.Host, p.Pattern), p.Backend)
			if err := validPattern(p.Pattern); err != nil {
				bad("host %q: %w", h.Host, err)
			}
		}
	}
	if code := c.PlainHTTP.RedirectCode; code != 0 && !slices.Contains(redirectCodes(), code) {
		bad("redirect code %d: allowed are %v", code, redirectCodes())
	}
	if _, err := c.TLS.settings(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (b Backend) problems() []error {
	var problems []error
	if !slices.Contains([]string{"", AffinityNone, AffinityClientIP}, b.Affinity) {
		problems = append(problems, fmt.Errorf("session affinity %q: allowed are %s and %s", b.Affinity, AffinityNone, AffinityClientIP))
	}
	if b.Log.Rate < 0 || b.Log.Rate > 1 {
		problems = append(problems, fmt.Errorf("log sample rate %v: allowed is 0 to 1", b.Log.Rate))
	}
	if h := b.HealthCheck.withDefaults(); h.Timeout > h.Interval {
		problems = append(problems, fmt.Errorf("health check timeout %v: it may not be longer than the interval of %v", h.Timeout, h.Interval))
	}
	return problems
}

// validPattern follows the rules for pathRules[].paths of a URL map
// (https://cloud.google.com/load-balancing/docs/url-map-concepts): a path starts
// with "/", and "*" is allowed only at the end, after a "/".
func validPattern(pattern string) error {
	if !strings.HasPrefix(pattern, "/") {
		return fmt.Errorf("path %q must start with /", pattern)
	}
	if star := strings.IndexByte(pattern, '*'); star >= 0 && (star != len(pattern)-1 || pattern[star-1] != '/') {
		return fmt.Errorf("path %q: * is allowed only at the end, after a /", pattern)
	}
	return nil
}

func redirectCodes() []int {
	return []int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	}
}

package loadbalancer

import (
	"net"
	"sort"
	"strings"
)

// routes is a URL map, ready to be asked.
type routes struct {
	exact    map[string][]rule
	suffixes []suffix // longest first
	fallback *backend // nil: 404
}

type rule struct {
	path    string
	below   bool // the pattern ended in "*"
	backend *backend
}

type suffix struct {
	tail  string // ".example.com", or "" for "*"
	rules []rule
}

func newRoutes(c Config, backends map[string]*backend) *routes {
	r := &routes{exact: map[string][]rule{}, fallback: backends[c.Default]}
	wild := map[string][]rule{}
	for _, h := range c.Hosts {
		host, into := strings.ToLower(h.Host), r.exact
		if tail, isWild := strings.CutPrefix(host, "*"); isWild {
			host, into = tail, wild
		}
		for _, p := range h.Paths {
			path, below := strings.CutSuffix(p.Pattern, "*")
			into[host] = append(into[host], rule{path: path, below: below, backend: backends[p.Backend]})
		}
	}
	for _, rules := range r.exact {
		sortRules(rules)
	}
	for tail, rules := range wild {
		sortRules(rules)
		r.suffixes = append(r.suffixes, suffix{tail, rules})
	}
	sort.Slice(r.suffixes, func(i, j int) bool { return len(r.suffixes[i].tail) > len(r.suffixes[j].tail) })
	return r
}

// sortRules puts the longest path first and, at the same length, an exact path
// before a wildcard: the URL map's "longest path wins"
// (https://cloud.google.com/load-balancing/docs/url-map-concepts).
func sortRules(rules []rule) {
	sort.SliceStable(rules, func(i, j int) bool {
		if len(rules[i].path) != len(rules[j].path) {
			return len(rules[i].path) > len(rules[j].path)
		}
		return !rules[i].below && rules[j].below
	})
}

// find returns the backend for a request, nil when no rule matches. A host that has rules
// of its own never falls back to those of a wildcard host.
func (r *routes) find(host, path string) *backend {
	for _, rule := range r.rulesFor(hostname(host)) {
		if path == rule.path || rule.below && strings.HasPrefix(path, rule.path) {
			return rule.backend
		}
	}
	return r.fallback
}

func (r *routes) rulesFor(host string) []rule {
	if rules, found := r.exact[host]; found {
		return rules
	}
	for _, s := range r.suffixes {
		if s.tail == "" || len(host) > len(s.tail) && strings.HasSuffix(host, s.tail) {
			return s.rules
		}
	}
	return nil
}

// hostname is the Host header in lower case without a port: host rules match any
// port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

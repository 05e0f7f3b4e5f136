package pluginpreview

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Requests records the requests that reached the proxy. It is safe for concurrent
// use.
type Requests struct {
	mu       sync.Mutex
	opened   map[string]bool // by host and port; true once a request followed
	replied  map[string]bool // by request
	rejected map[string]bool // likewise
}

func newRequests() *Requests {
	return &Requests{opened: map[string]bool{}, replied: map[string]bool{}, rejected: map[string]bool{}}
}

// Answered lists the requests that were answered, "METHOD HOST/PATH", sorted,
// each once.
func (a *Requests) Answered() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.replied))
}

// Refused lists the requests that were refused, and as "CONNECT HOST:PORT" the
// connections on which no request followed; sorted, each once.
func (a *Requests) Refused() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	refused := slices.Collect(maps.Keys(a.rejected))
	for host, followed := range a.opened {
		if !followed {
			refused = append(refused, "CONNECT "+host)
		}
	}
	slices.Sort(refused)
	return refused
}

// open records a connection until a request follows on it.
func (a *Requests) open(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.Contains(host, ":") {
		host += ":443"
	}
	a.opened[host] = a.opened[host] || false
}

func (a *Requests) answered(method, host, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replied[method+" "+host+path] = true
	a.follow(host)
}

func (a *Requests) refuse(method, host, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rejected[method+" "+host+path] = true
	a.follow(host)
}

func (a *Requests) follow(host string) {
	for opened := range a.opened {
		if strings.HasPrefix(opened, host+":") {
			a.opened[opened] = true
		}
	}
}

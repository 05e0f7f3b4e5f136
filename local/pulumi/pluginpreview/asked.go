package pluginpreview

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Asked remembers what came to the door. It is safe for concurrent use.
type Asked struct {
	mu       sync.Mutex
	opened   map[string]bool // by host and port; true once a request followed
	replied  map[string]bool // by request
	rejected map[string]bool // likewise
}

func newAsked() *Asked {
	return &Asked{opened: map[string]bool{}, replied: map[string]bool{}, rejected: map[string]bool{}}
}

// Answered lists the requests that were answered, "METHOD HOST/PATH", sorted,
// each once.
func (a *Asked) Answered() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.replied))
}

// Refused lists everything else that somebody wanted to reach, sorted, each
// once: requests without an answer, and connections without a request.
func (a *Asked) Refused() []string {
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

// open remembers a connection until a request comes by it.
func (a *Asked) open(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.Contains(host, ":") {
		host += ":443"
	}
	a.opened[host] = a.opened[host] || false
}

func (a *Asked) answered(method, host, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replied[method+" "+host+path] = true
	a.follow(host)
}

func (a *Asked) refuse(method, host, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rejected[method+" "+host+path] = true
	a.follow(host)
}

func (a *Asked) follow(host string) {
	for opened := range a.opened {
		if strings.HasPrefix(opened, host+":") {
			a.opened[opened] = true
		}
	}
}

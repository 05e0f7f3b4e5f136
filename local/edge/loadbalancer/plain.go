package loadbalancer

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
)

// plainServer serves unencrypted HTTP for as long as the configuration allows it.
type plainServer struct {
	server *http.Server
}

// setPlain opens or closes the port for HTTP. Called with the lock held.
func (f *LoadBalancer) setPlain(allowed bool) error {
	allowed = allowed && f.options.PlainAddress.IsValid()
	switch {
	case allowed && f.plain == nil:
		listener, err := net.Listen("tcp", f.options.PlainAddress.String())
		if err != nil {
			return fmt.Errorf("the Ingress allows HTTP: open %s: %w", f.options.PlainAddress, err)
		}
		p := &plainServer{server: f.newServer(http.HandlerFunc(f.servePlain))}
		f.work.Go(func() {
			if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				f.options.Logger.Error("the port for HTTP stopped", "address", listener.Addr(), "why", err)
			}
		})
		f.plain = p
	case !allowed && f.plain != nil:
		p := f.plain
		f.plain = nil
		f.work.Go(func() { p.close(f) })
	}
	return nil
}

func (p *plainServer) close(f *LoadBalancer) { f.shutdown(p.server) }

// servePlain redirects when the FrontendConfig says so, before anything else
// looks at the request, and otherwise serves it as HTTPS would be.
func (f *LoadBalancer) servePlain(w http.ResponseWriter, r *http.Request) {
	code := f.current.Load().config.PlainHTTP.RedirectCode
	if code == 0 {
		f.ServeHTTP(w, r)
		return
	}
	target := *r.URL
	target.Scheme, target.Host = "https", secureHost(r.Host, f.address)
	http.Redirect(w, r, target.String(), code)
}

// secureHost is the request's host with the load balancer's port, which is left out
// when it is the one that https means: Google's load balancers have no other.
func secureHost(host string, address netip.AddrPort) string {
	name := hostname(host)
	if address.Port() == 443 {
		return name
	}
	return net.JoinHostPort(name, strconv.Itoa(int(address.Port())))
}

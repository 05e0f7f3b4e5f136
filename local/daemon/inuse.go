package daemon

import (
	"context"
	"net/http"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// Leave lets everything be deleted, also what the load balancer uses: the whole cloud
// is about to go.
func (c *Client) Leave(ctx context.Context) error {
	var answer string
	return c.call(ctx, http.MethodPost, "/leave", nil, &answer)
}

func (d *Daemon) leave(w http.ResponseWriter, _ *http.Request) {
	d.leaves.Store(true)
	reply(w, "noted", nil)
}

// usedBy is the part of the load balancer that uses a resource, after the load balancer
// has applied the current declarations.
func (d *Daemon) usedBy(typ, name string) string {
	if d.leaves.Load() {
		return ""
	}
	d.balancer.Sync()
	const global = "projects/" + cloudide.Project + "/global/"
	uses := d.balancer.Uses()
	switch typ {
	case gcp.TypeSecurityPolicy:
		if backend := uses.Backends[name]; backend != "" {
			return global + "backendServices/" + serviceName(backend)
		}
	case gcp.TypeSSLPolicy:
		if name == uses.SSLPolicy {
			return global + "targetHttpsProxies/" + serviceName(uses.URLMap)
		}
	case gcp.TypeGlobalAddress:
		if name == uses.Address {
			return global + "forwardingRules/" + serviceName(uses.URLMap)
		}
	}
	return ""
}

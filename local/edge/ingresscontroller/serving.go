package ingresscontroller

import "slices"

// Serving is a backend that the load balancer has.
type Serving struct {
	// URLMap is the URL map's name, Backend the backend's.
	URLMap, Backend string
	// Policy is the Cloud Armor policy that evaluates its requests; empty without one.
	Policy string
}

// Serving lists the backends of the last good configuration.
func (c *Controller) Serving() []Serving {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastGood == nil {
		return nil
	}
	var all []Serving
	for _, b := range c.lastGood.config.Backends {
		all = append(all, Serving{URLMap: c.lastGood.config.Name, Backend: b.Name, Policy: c.lastGood.guards[b.Name]})
	}
	return slices.Clip(all)
}

// Uses are the names of the declared resources that the last good configuration uses;
// none of them can be deleted.
type Uses struct {
	// Backends has the backend that a Cloud Armor policy is attached to, by the policy.
	Backends map[string]string
	// SSLPolicy is attached to the target proxy, and Address to the forwarding rule.
	SSLPolicy, Address string
	// URLMap is the URL map's name, after which the parts of the front end are called.
	URLMap string
}

// Uses says what the load balancer uses now.
func (c *Controller) Uses() Uses {
	c.mu.Lock()
	defer c.mu.Unlock()
	uses := Uses{Backends: map[string]string{}}
	if c.lastGood == nil || c.lastGood.config.Name == "" {
		return uses
	}
	for backend, policy := range c.lastGood.guards {
		uses.Backends[policy] = backend
	}
	uses.SSLPolicy, uses.Address, uses.URLMap = c.proxy.sslPolicy, c.lastGood.address, c.lastGood.config.Name
	return uses
}

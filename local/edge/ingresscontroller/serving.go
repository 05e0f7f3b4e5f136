package ingresscontroller

import "slices"

// Serving is a backend that the load balancer has.
type Serving struct {
	// URLMap is the URL map's name, Backend the backend's.
	URLMap, Backend string
	// Policy is the Cloud Armor policy that judges its requests; empty without one.
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

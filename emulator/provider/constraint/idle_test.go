package constraint_test

import "github.com/coditect-ai/license-platform/local/edge/loadbalancer"

// idle is a load balancer that serves nothing.
type idle struct{}

func (idle) Update(loadbalancer.Config) error { return nil }

package loadbalancer

// Watch calls tell with every request once it is over, until the returned function
// is called. tell must not block.
func (f *LoadBalancer) Watch(tell func(LogEntry)) (unwatch func()) {
	return f.record.watchers.Add(tell)
}

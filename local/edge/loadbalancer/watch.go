package loadbalancer

// Watch calls tell with every request once it is over, until the returned function
// is called. tell must not block.
func (f *LoadBalancer) Watch(tell func(LogEntry)) (unwatch func()) { return f.record.watch(tell) }

func (r *recorder) watch(tell func(LogEntry)) (unwatch func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.nextWatcher
	r.nextWatcher++
	r.watchers[key] = tell
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.watchers, key)
	}
}

// tell is called without the lock.
func (r *recorder) tell(e LogEntry) {
	r.mu.Lock()
	told := make([]func(LogEntry), 0, len(r.watchers))
	for _, watcher := range r.watchers {
		told = append(told, watcher)
	}
	r.mu.Unlock()
	for _, watcher := range told {
		watcher(e)
	}
}

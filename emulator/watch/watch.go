// Package watch notifies subscribers of events.
package watch

import (
	"maps"
	"slices"
	"sync"
)

// List is the list of subscribers; the zero value is empty. It is safe for concurrent
// use.
type List[T any] struct {
	mu   sync.Mutex
	last int
	tell map[int]func(T)
}

// Add calls tell with every event until the returned function is called. tell must not block.
func (l *List[T]) Add(tell func(T)) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tell == nil {
		l.tell = map[int]func(T){}
	}
	l.last++
	key := l.last
	l.tell[key] = tell
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.tell, key)
	}
}

// Tell calls everybody on the list, without a lock: they may add and remove.
func (l *List[T]) Tell(event T) {
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.tell))
	l.mu.Unlock()
	for _, tell := range all {
		tell(event)
	}
}

// Changes is a List for events that say nothing but that something has changed.
type Changes struct{ list List[struct{}] }

// Add calls notify after every change until the returned function is called. notify must not block.
func (c *Changes) Add(notify func()) (remove func()) {
	return c.list.Add(func(struct{}) { notify() })
}

// Tell calls everybody on the list.
func (c *Changes) Tell() { c.list.Tell(struct{}{}) }

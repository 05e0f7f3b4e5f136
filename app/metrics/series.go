package metrics

import "sync"

// series remembers what a key's labels lead to. Prometheus finds it by hashing them and
// comparing each, which costs more than the counting itself.
type series[K comparable, V any] struct {
	find func(K) V

	mu    sync.RWMutex
	known map[K]V
}

func newSeries[K comparable, V any](find func(K) V) *series[K, V] {
	return &series[K, V]{find: find, known: map[K]V{}}
}

// of returns what belongs to the key. Keys must be few: none is forgotten.
func (s *series[K, V]) of(key K) V {
	s.mu.RLock()
	found, ok := s.known[key]
	s.mu.RUnlock()
	if ok {
		return found
	}
	found = s.find(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[key] = found
	return found
}

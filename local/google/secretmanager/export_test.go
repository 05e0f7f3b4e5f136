package secretmanager

// HasSecret says whether the secret exists.
func (s *Service) HasSecret(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, exists := s.secrets[name]
	return exists
}

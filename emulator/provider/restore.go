package provider

import (
	"context"
	"fmt"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Restore makes a remembered resource real again, after a restart. Resources of
// other providers are left alone.
func (s *Server) Restore(ctx context.Context, r store.Resource) error {
	kind, known := s.kinds[r.Type]
	if !known || kind.Ensure == nil {
		return nil
	}
	if err := kind.Ensure(ctx, r); err != nil {
		return fmt.Errorf("bring %s %s back: %w", r.Type, r.ID, err)
	}
	return nil
}

package kms

import (
	"context"

	"cloud.google.com/go/kms/apiv1/kmspb"
)

// BeforePair runs something before each key pair is made.
func (s *Service) BeforePair(do func() error) {
	make := s.newPair
	s.newPair = func(ctx context.Context, algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) ([]byte, error) {
		if err := do(); err != nil {
			return nil, err
		}
		return make(ctx, algorithm)
	}
}

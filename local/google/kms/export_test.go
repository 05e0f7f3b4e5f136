package kms

import (
	"context"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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

// ForceState puts a version into any state that Cloud KMS documents, as what happens there by
// itself does: a generation or an import that is under way or failed, a key of an external
// key manager that is being destroyed. SetVersionState is what callers may ask for.
func (s *Service) ForceState(name string, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	return s.change(func(st *state) error {
		k, index, err := st.version(name)
		if err != nil {
			return err
		}
		if _, documented := kmspb.CryptoKeyVersion_CryptoKeyVersionState_name[int32(to)]; !documented || to == kmspb.CryptoKeyVersion_CRYPTO_KEY_VERSION_STATE_UNSPECIFIED {
			return status.Errorf(codes.InvalidArgument, "%d is not a state of a key version", to)
		}
		k.Versions[index].State = to
		return nil
	})
}

package kms

import (
	"context"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// api is the part of the gRPC API that exists here; the rest answers
// UNIMPLEMENTED.
type api struct {
	kmspb.UnimplementedKeyManagementServiceServer
	service *Service
}

var _ kmspb.KeyManagementServiceServer = api{}

// GetCryptoKey answers with the key's declaration and its primary version.
func (a api) GetCryptoKey(_ context.Context, request *kmspb.GetCryptoKeyRequest) (*kmspb.CryptoKey, error) {
	current := a.service.snapshot()
	k, err := current.key(request.GetName())
	if err != nil {
		return nil, err
	}
	answer := &kmspb.CryptoKey{
		Name: k.Key.Name, Purpose: k.Key.Purpose,
		VersionTemplate:          &kmspb.CryptoKeyVersionTemplate{ProtectionLevel: k.Key.ProtectionLevel, Algorithm: k.Key.Algorithm},
		DestroyScheduledDuration: durationpb.New(k.Key.DestroyScheduledDuration),
	}
	if k.Key.Primary != "" {
		if primary, index, err := current.version(k.Key.Primary); err == nil {
			answer.Primary = describe(primary.version(index))
		}
	}
	return answer, nil
}

// GetCryptoKeyVersion answers with a version in any state.
func (a api) GetCryptoKeyVersion(_ context.Context, request *kmspb.GetCryptoKeyVersionRequest) (*kmspb.CryptoKeyVersion, error) {
	k, index, err := a.service.snapshot().version(request.GetName())
	if err != nil {
		return nil, err
	}
	return describe(k.version(index)), nil
}

// ListCryptoKeyVersions answers with all versions on one page; filters are not
// understood and refused.
func (a api) ListCryptoKeyVersions(_ context.Context, request *kmspb.ListCryptoKeyVersionsRequest) (*kmspb.ListCryptoKeyVersionsResponse, error) {
	if request.GetFilter() != "" || request.GetOrderBy() != "" {
		return nil, status.Error(codes.Unimplemented, "the local KMS lists versions without filter and order")
	}
	versions, err := a.service.Versions(request.GetParent())
	if err != nil {
		return nil, err
	}
	answer := &kmspb.ListCryptoKeyVersionsResponse{TotalSize: int32(len(versions))}
	for _, v := range versions {
		answer.CryptoKeyVersions = append(answer.CryptoKeyVersions, describe(v))
	}
	return answer, nil
}

// GetPublicKey answers with the PEM form and its checksum.
func (a api) GetPublicKey(_ context.Context, request *kmspb.GetPublicKeyRequest) (*kmspb.PublicKey, error) {
	if f := request.GetPublicKeyFormat(); f != kmspb.PublicKey_PEM && f != kmspb.PublicKey_PUBLIC_KEY_FORMAT_UNSPECIFIED {
		return nil, status.Errorf(codes.InvalidArgument, "public key format %s does not fit an RSA key; PEM does", f)
	}
	v, key, err := a.service.pair(request.GetName())
	if err != nil {
		return nil, err
	}
	text, err := publicPEM(key)
	if err != nil {
		return nil, err
	}
	return &kmspb.PublicKey{
		Name: v.Name, Pem: text, PemCrc32C: wrapperspb.Int64(checksum([]byte(text))), Algorithm: v.Algorithm, ProtectionLevel: v.ProtectionLevel,
		PublicKeyFormat: request.GetPublicKeyFormat(),
	}, nil
}

// AsymmetricSign signs a digest. A digest_crc32c that does not fit is refused,
// one that does is acknowledged; the signature carries a checksum of its own.
func (a api) AsymmetricSign(_ context.Context, request *kmspb.AsymmetricSignRequest) (*kmspb.AsymmetricSignResponse, error) {
	sum := request.GetDigest().GetSha512()
	if sum == nil {
		sum = request.GetDigest().GetSha256()
	}
	if given := request.GetDigestCrc32C(); given != nil && given.GetValue() != checksum(sum) {
		return nil, status.Errorf(codes.InvalidArgument, "The checksum in field digest_crc32c did not match the data in field digest.")
	}
	v, signature, err := a.service.sign(request.GetName(), request.GetDigest())
	if err != nil {
		return nil, err
	}
	return &kmspb.AsymmetricSignResponse{
		Name: v.Name, Signature: signature, SignatureCrc32C: wrapperspb.Int64(checksum(signature)),
		VerifiedDigestCrc32C: request.GetDigestCrc32C() != nil, ProtectionLevel: v.ProtectionLevel,
	}, nil
}

func describe(v Version) *kmspb.CryptoKeyVersion {
	answer := &kmspb.CryptoKeyVersion{
		Name: v.Name, State: v.State, Algorithm: v.Algorithm, ProtectionLevel: v.ProtectionLevel,
		CreateTime: timestamppb.New(v.Created), GenerateTime: timestamppb.New(v.Created),
	}
	if !v.DestroyAt.IsZero() {
		answer.DestroyTime = timestamppb.New(v.DestroyAt)
	}
	return answer
}

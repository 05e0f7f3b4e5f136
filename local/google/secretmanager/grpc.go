package secretmanager

import (
	"context"
	"hash/crc32"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// api is the part of the gRPC API that exists here; the rest answers
// UNIMPLEMENTED.
type api struct {
	secretmanagerpb.UnimplementedSecretManagerServiceServer
	service *Service
}

var _ secretmanagerpb.SecretManagerServiceServer = api{}

// AccessSecretVersion answers with a payload and its CRC32C (Castagnoli).
func (a api) AccessSecretVersion(_ context.Context, request *secretmanagerpb.AccessSecretVersionRequest) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	name, _, err := a.service.find(request.GetName())
	if err != nil {
		return nil, err
	}
	payload, err := a.service.Payload(name)
	if err != nil {
		return nil, err
	}
	sum := int64(crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	return &secretmanagerpb.AccessSecretVersionResponse{
		Name: name, Payload: &secretmanagerpb.SecretPayload{Data: payload, DataCrc32C: &sum},
	}, nil
}

// GetSecretVersion answers with what is known of a version but its payload.
func (a api) GetSecretVersion(_ context.Context, request *secretmanagerpb.GetSecretVersionRequest) (*secretmanagerpb.SecretVersion, error) {
	name, v, err := a.service.find(request.GetName())
	if err != nil {
		return nil, err
	}
	answer := &secretmanagerpb.SecretVersion{Name: name, State: v.State, CreateTime: timestamppb.New(v.Created)}
	if !v.Destroyed.IsZero() {
		answer.DestroyTime = timestamppb.New(v.Destroyed)
	}
	return answer, nil
}

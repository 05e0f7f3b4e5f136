package provider

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// subject is the resource that a call is about.
type subject struct {
	kind      Kind
	urn, name string
	config    Configuration
}

// subject finds out what is known about the type of urn. An unknown type is refused,
// because nothing here emulates it.
func (s *Server) subject(ctx context.Context, urn string) (subject, error) {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return subject{}, status.Errorf(codes.InvalidArgument, "%q is not a resource's URN", urn)
	}
	typ := parts[2][strings.LastIndex(parts[2], "$")+1:]
	kind, known := s.kinds[typ]
	if !known {
		return subject{}, status.Errorf(codes.Unimplemented,
			"the embedded cloud does not know resources of type %s; it knows %s", typ, strings.Join(s.Kinds(), ", "))
	}
	return subject{kind: kind, urn: urn, name: strings.Join(parts[3:], "::"), config: s.configuration(ctx)}, nil
}

// draft is the resource with these inputs, on its way into the cloud.
func (u subject) draft(inputs resource.PropertyMap, exists bool) *Draft {
	return &Draft{URN: u.urn, Name: u.name, Config: u.config, Inputs: plain(inputs), Exists: exists}
}

// decodeCall is a call about a resource with two sets of properties, decoded.
func (s *Server) decodeCall(ctx context.Context, urn string, first, second *structpb.Struct) (u subject, one, two resource.PropertyMap, err error) {
	if u, err = s.subject(ctx, urn); err != nil {
		return u, nil, nil, err
	}
	if one, err = receive(first); err != nil {
		return u, nil, nil, err
	}
	two, err = receive(second)
	return u, one, two, err
}

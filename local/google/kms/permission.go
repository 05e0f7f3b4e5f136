package kms

import (
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/google/iam"
)

// Scope lets an access token use keys, and nothing else
// (https://developers.google.com/identity/protocols/oauth2/scopes#cloudkms).
const Scope = "https://www.googleapis.com/auth/cloudkms"

// The names of kinds of resources in conditions
// (https://cloud.google.com/iam/docs/conditions-resource-attributes#resource_type_values).
const (
	service     = "cloudkms.googleapis.com"
	typeKey     = service + "/CryptoKey"
	typeVersion = service + "/CryptoKeyVersion"
)

// Need is what a request needs
// (https://cloud.google.com/kms/docs/reference/permissions-and-roles): INVALID_ARGUMENT
// for one without a proper name, UNIMPLEMENTED for one that does not exist here.
func Need(request any) (iam.Need, error) {
	switch r := request.(type) {
	case *kmspb.GetCryptoKeyRequest:
		return onKey(iam.KeyGet, r.GetName())
	case *kmspb.ListCryptoKeyVersionsRequest:
		return onKey(iam.VersionList, r.GetParent())
	case *kmspb.GetCryptoKeyVersionRequest:
		return OnVersion(iam.VersionGet, r.GetName())
	case *kmspb.GetPublicKeyRequest:
		return OnVersion(iam.PublicKeyView, r.GetName())
	case *kmspb.AsymmetricSignRequest:
		return OnVersion(iam.Sign, r.GetName())
	default:
		return iam.Need{}, status.Error(codes.Unimplemented, "the local KMS does not have this method")
	}
}

func onKey(permission, name string) (iam.Need, error) {
	if !keyName.MatchString(name) {
		return iam.Need{}, status.Errorf(codes.InvalidArgument, "Resource name [%s] does not match projects/*/locations/*/keyRings/*/cryptoKeys/*.", name)
	}
	return iam.Need{Permission: permission, On: iam.Resource{Type: typeKey, Service: service, Name: name}}, nil
}

// OnVersion is the need for a permission on a key version with a full name: to sign with it, or
// to read its public key.
func OnVersion(permission, name string) (iam.Need, error) {
	if _, _, ok := splitVersion(name); !ok {
		return iam.Need{}, notAVersion(name)
	}
	return iam.Need{Permission: permission, On: iam.Resource{Type: typeVersion, Service: service, Name: name}}, nil
}

func notAVersion(name string) error {
	return status.Errorf(codes.InvalidArgument, "Resource name [%s] does not match projects/*/locations/*/keyRings/*/cryptoKeys/*/cryptoKeyVersions/*.", name)
}

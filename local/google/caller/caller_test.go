package caller_test

import (
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/google/caller"
	"github.com/coditect-ai/license-platform/local/google/grpctest"
	"github.com/coditect-ai/license-platform/local/google/iam"
)

const key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"

// keys answers everybody whom it is asked by.
type keys struct {
	kmspb.UnimplementedKeyManagementServiceServer
}

func TestOnlyWhoHasATokenAndThePermissionIsAnswered(t *testing.T) {
	t.Parallel()
	const good, other, narrow = "ya29.api", "ya29.migration", "ya29.login"
	people := map[string]caller.Identity{
		good:   {Member: "serviceAccount:api@p.iam.gserviceaccount.com", Scopes: []string{caller.Platform}},
		other:  {Member: "serviceAccount:migration@p.iam.gserviceaccount.com", Scopes: []string{caller.Platform}},
		narrow: {Member: "serviceAccount:api@p.iam.gserviceaccount.com", Scopes: []string{"https://www.googleapis.com/auth/sqlservice.login"}},
	}
	var refused []string
	client := kmspb.NewKeyManagementServiceClient(grpctest.Serve(t, func(server grpc.ServiceRegistrar) {
		kmspb.RegisterKeyManagementServiceServer(server, keys{})
	}, grpc.ChainUnaryInterceptor(
		caller.Authenticate(func(token string) (caller.Identity, bool) { found, known := people[token]; return found, known }, caller.Platform),
		caller.Authorize(
			func(request any) (iam.Need, error) {
				return iam.Need{Permission: iam.KeyGet, On: iam.Resource{Name: request.(*kmspb.GetCryptoKeyRequest).GetName()}}, nil
			},
			func(member string, need iam.Need) bool { return member == people[good].Member && need.On.Name == key },
			func(member string, need iam.Need) { refused = append(refused, member+" "+need.On.Name) },
		),
	)))
	// answered is what the service itself says: it has no such method.
	const answered = codes.Unimplemented
	for name, c := range map[string]struct {
		authorization []string
		key           string
		code          codes.Code
		reason        string
	}{
		"no token":                        {nil, key, codes.Unauthenticated, "CREDENTIALS_MISSING"},
		"two tokens":                      {[]string{"Bearer " + good, "Bearer " + other}, key, codes.Unauthenticated, "CREDENTIALS_MISSING"},
		"a made-up token":                 {[]string{"Bearer ya29.guessed"}, key, codes.Unauthenticated, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token that is none":            {[]string{"Basic " + good}, key, codes.Unauthenticated, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token that is bare":            {[]string{good}, key, codes.Unauthenticated, "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token for something else":      {[]string{"Bearer " + narrow}, key, codes.PermissionDenied, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"},
		"another account's token":         {[]string{"Bearer " + other}, key, codes.PermissionDenied, "IAM_PERMISSION_DENIED"},
		"the right token for another key": {[]string{"Bearer " + good}, key + "2", codes.PermissionDenied, "IAM_PERMISSION_DENIED"},
		"the right token":                 {[]string{"Bearer " + good}, key, answered, ""},
	} {
		ctx := t.Context()
		for _, header := range c.authorization {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", header)
		}
		_, err := client.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: c.key})
		got := status.Convert(err)
		require.Equal(t, c.code, got.Code(), "%s: %s", name, got.Message())
		if c.reason == "" {
			assert.Empty(t, got.Details(), name)
			continue
		}
		require.Len(t, got.Details(), 1, name)
		info, ok := got.Details()[0].(*errdetails.ErrorInfo)
		require.True(t, ok, name)
		assert.Equal(t, c.reason, info.GetReason(), name)
		if c.reason == "IAM_PERMISSION_DENIED" {
			assert.Equal(t, "Permission 'cloudkms.cryptoKeys.get' denied on resource '"+c.key+"' (or it may not exist).", got.Message())
			assert.Equal(t, map[string]string{"permission": iam.KeyGet, "resource": c.key}, info.GetMetadata())
		}
	}
	assert.ElementsMatch(t, []string{people[other].Member + " " + key, people[good].Member + " " + key + "2"}, refused, "each refusal is told")
}

// Package caller guards a gRPC API of Google's. A caller needs an access token, and IAM has
// to give it the permission of the call. All others are refused in the words and with the
// details of Google's APIs
// (https://cloud.google.com/apis/design/errors, https://google.aip.dev/193).
package caller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/google/iam"
)

// Platform is the scope of access tokens that every API takes
// (https://developers.google.com/identity/protocols/oauth2/scopes).
const Platform = "https://www.googleapis.com/auth/cloud-platform"

// Identity is whom an access token was given to.
type Identity struct {
	// Member is how IAM names it, such as serviceAccount:EMAIL.
	Member string
	// Scopes are what the token is for.
	Scopes []string
}

// Principal is the member as audit logs name it, without its kind.
func (i Identity) Principal() string {
	_, name, _ := strings.Cut(i.Member, ":")
	return name
}

// key is where a call's context has the caller.
type key struct{}

// From is who makes the call of this context; nobody outside of a call.
func From(ctx context.Context) Identity {
	who, _ := ctx.Value(key{}).(Identity)
	return who
}

// Authenticate lets calls pass that carry an access token with one of the scopes. who
// tells whom a token was given to, and false for one that is made up or has expired.
func Authenticate(who func(token string) (Identity, bool), scopes ...string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		headers, _ := metadata.FromIncomingContext(ctx)
		given := headers.Get("authorization")
		if len(given) != 1 {
			return nil, refuse(codes.Unauthenticated, "CREDENTIALS_MISSING", "googleapis.com", nil,
				"Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.")
		}
		token, isBearer := strings.CutPrefix(given[0], "Bearer ")
		found, known := who(token)
		switch {
		case !isBearer || !known:
			return nil, refuse(codes.Unauthenticated, "ACCESS_TOKEN_TYPE_UNSUPPORTED", "googleapis.com", nil,
				"Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.")
		case !slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(found.Scopes, scope) }):
			return nil, refuse(codes.PermissionDenied, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", nil, "Request had insufficient authentication scopes.")
		}
		return handler(context.WithValue(ctx, key{}, found), request)
	}
}

// Authorize lets an authenticated call pass when IAM allows the caller what it needs.
// need returns the permission that a request needs; its error is the answer. refused is
// called for every refusal.
func Authorize(need func(request any) (iam.Need, error), allows func(member string, need iam.Need) bool, refused func(member string, need iam.Need)) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		needed, err := need(request)
		if err != nil {
			return nil, err
		}
		member := From(ctx).Member
		if !allows(member, needed) {
			refused(member, needed)
			return nil, refuse(codes.PermissionDenied, "IAM_PERMISSION_DENIED", "iam.googleapis.com",
				map[string]string{"permission": needed.Permission, "resource": needed.On.Name},
				fmt.Sprintf("Permission '%s' denied on resource '%s' (or it may not exist).", needed.Permission, needed.On.Name))
		}
		return handler(ctx, request)
	}
}

// refuse is an error with its reason in a google.rpc.ErrorInfo.
func refuse(code codes.Code, reason, domain string, about map[string]string, message string) error {
	plain := status.New(code, message)
	detailed, err := plain.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: domain, Metadata: about})
	if err != nil {
		return plain.Err()
	}
	return detailed.Err()
}

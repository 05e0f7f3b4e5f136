package attack

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// thefts are what somebody tries with the token of a pod; they need Target.Inside.
func thefts() []Attack {
	const unknown = "projects/coditect-cloud-infra/locations/us-central1/keyRings/coditect-license-keys/cryptoKeys/unknown/cryptoKeyVersions/1"
	return []Attack{
		{"KMS with the token of an IDE pod", layer.Data, "PermissionDenied", sign(true, tokenOf(fromIDE))},
		{"KMS with the API's token and an unknown key", layer.Data, "PermissionDenied", signWith(true, func(*Target) string { return unknown }, tokenOf(fromAPI))},
		{"KMS with the API's token and without a key", layer.Data, "InvalidArgument", signWith(true, func(*Target) string { return "" }, tokenOf(fromAPI))},
	}
}

// accessToken gives the access token that a call carries, or none.
type accessToken func(ctx context.Context, t *Target) (string, error)

func nobody(context.Context, *Target) (string, error)  { return "", nil }
func guesser(context.Context, *Target) (string, error) { return "ya29.guessed", nil }

// tokenOf takes the token that the metadata server gives a pod.
func tokenOf(from func(*Target) netip.Addr) accessToken {
	return func(ctx context.Context, t *Target) (string, error) {
		if t.Inside == nil {
			return "", errors.New("no attack from within a pod is possible: pods have no network of their own")
		}
		got, err := t.Inside(ctx, from(t), toMetadata(t), identity(own, program)(t))
		if err != nil {
			return "", fmt.Errorf("ask for a pod's token: %w", err)
		}
		_, body, _ := strings.Cut(string(got.Answer), "\r\n\r\n")
		var given struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(body), &given); err != nil || given.Token == "" {
			return "", errors.New("the metadata server gave the pod no token")
		}
		return given.Token, nil
	}
}

// sign asks the key management service for a signature by the API's key.
func sign(encrypted bool, as accessToken) Try {
	return signWith(encrypted, func(t *Target) string { return t.KeyVersion }, as)
}

func signWith(encrypted bool, version func(*Target) string, as accessToken) Try {
	return func(ctx context.Context, t *Target) (Finding, error) {
		transport := insecure.NewCredentials()
		if encrypted {
			transport = credentials.NewTLS(&tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12})
		}
		connection, err := grpc.NewClient("passthrough:///"+t.KMS, grpc.WithTransportCredentials(transport))
		if err != nil {
			return Finding{}, fmt.Errorf("connect to the key management service: %w", err)
		}
		defer func() { _ = connection.Close() }() // nothing is under way
		token, err := as(ctx, t)
		if err != nil {
			return Finding{}, err
		}
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
		}
		_, err = kmspb.NewKeyManagementServiceClient(connection).AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
			Name: version(t), Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha512{Sha512: make([]byte, 64)}},
		})
		if err == nil {
			return Finding{Rule: "it signed", Status: "OK"}, nil
		}
		refusal := status.Convert(err)
		if refusal.Code() == codes.Unavailable {
			return t.unavailable(ctx, encrypted, refusal)
		}
		return Finding{Layer: layer.Data, Rule: refusal.Code().String(), Why: refusal.Message(), Status: refusal.Code().String()}, nil
	}
}

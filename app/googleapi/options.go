// Package googleapi makes the connection options that all Google clients of the service
// share: for Google itself with the pod's identity, or for another endpoint with the same
// protocol, a private certificate authority and the same identity.
package googleapi

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// scopePlatform lets an access token call any API of Google Cloud
// (https://developers.google.com/identity/protocols/oauth2/scopes).
const scopePlatform = "https://www.googleapis.com/auth/cloud-platform"

// Options returns the client options for an endpoint (host:port). An empty endpoint
// means Google's own, with application default credentials; any other is reached
// over TLS verified with ca (PEM), and each call carries an access token of the pod's
// identity from the metadata server, as it would to Google.
func Options(endpoint, ca string) ([]option.ClientOption, error) {
	options := []option.ClientOption{option.WithTelemetryDisabled(), option.WithGRPCConnectionPool(1)}
	if endpoint == "" {
		return options, nil
	}
	roots, err := rootsOf(ca)
	if err != nil {
		return nil, err
	}
	transport := credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	return append(options, option.WithEndpoint(endpoint), option.WithAuthCredentials(podIdentity(scopePlatform)),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(transport))), nil
}

func rootsOf(ca string) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("the CA for the Google API endpoints (GOOGLE_API_CA) holds no PEM certificate")
	}
	return roots, nil
}

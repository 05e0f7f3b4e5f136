package googleapi

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/auth/httptransport"
)

// clientTimeout bounds a call where the caller's context does not.
const clientTimeout = 30 * time.Second

// Client returns an HTTP client for an endpoint that replaces one of Google's. Its
// certificate is verified with ca (PEM), and each request carries an access token of the
// pod's identity for the scopes, as it would to Google. The token is asked for at the
// first request.
func Client(ca string, scopes ...string) (*http.Client, error) {
	roots, err := rootsOf(ca)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: clientTimeout, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: podIdentity(scopes...), BaseRoundTripper: transport, DisableTelemetry: true})
	if err != nil {
		return nil, fmt.Errorf("add the pod's credentials to requests: %w", err)
	}
	client.Timeout = clientTimeout
	return client, nil
}

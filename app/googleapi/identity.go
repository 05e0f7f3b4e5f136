package googleapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/compute/metadata"
)

// podIdentity is the pod's identity, by access tokens of the metadata server for the
// scopes. The first one is asked for when it is needed.
//
// An endpoint that replaces Google's is never sent another credential: the general search
// for credentials prefers a person's key file
// (https://cloud.google.com/docs/authentication/application-default-credentials).
func podIdentity(scopes ...string) *auth.Credentials {
	return auth.NewCredentials(&auth.CredentialsOptions{
		TokenProvider: auth.NewCachedTokenProvider(metadataServer{scopes}, nil),
	})
}

// metadataServer gives tokens
// (https://cloud.google.com/compute/docs/access/authenticate-workloads#applications).
type metadataServer struct{ scopes []string }

// Token implements auth.TokenProvider.
func (m metadataServer) Token(ctx context.Context) (*auth.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	asked := url.Values{"scopes": {strings.Join(m.scopes, ",")}}
	text, err := metadata.GetWithContext(ctx, "instance/service-accounts/default/token?"+asked.Encode())
	if err != nil {
		return nil, fmt.Errorf("get an access token from the metadata server: %w", err)
	}
	var given struct {
		Value   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int    `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return nil, fmt.Errorf("read an access token of the metadata server: %w", err)
	}
	if given.Value == "" || given.Seconds <= 0 {
		return nil, errors.New("the metadata server gave no access token that is valid")
	}
	return &auth.Token{Value: given.Value, Type: given.Type, Expiry: time.Now().Add(time.Duration(given.Seconds) * time.Second)}, nil
}

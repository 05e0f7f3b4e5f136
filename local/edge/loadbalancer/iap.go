package loadbalancer

import (
	"net/http"
	"net/url"
)

// IAP is Identity-Aware Proxy before a backend. There is no Google sign-in on
// this machine, so nobody can pass: what is seen is what everyone without a
// session sees on Google Cloud
// (https://cloud.google.com/iap/docs/concepts-overview).
type IAP struct {
	// ClientID is the OAuth client; empty is the one that Google manages.
	ClientID string
}

// challenge answers a request without a session: browsers are sent to sign in,
// programs are told that their credentials are not valid.
func (i IAP) challenge(answer *answer, r *http.Request) {
	answer.Header().Set("X-Goog-Iap-Generated-Response", "true")
	if r.Header.Get("Authorization") != "" || r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		answer.text(http.StatusUnauthorized, "Invalid IAP credentials: empty token")
		return
	}
	target := url.URL{Scheme: "https", Host: "accounts.google.com", Path: "/o/oauth2/v2/auth", RawQuery: url.Values{
		"client_id": {i.ClientID}, "response_type": {"code"}, "scope": {"openid email"},
		"redirect_uri": {"https://iap.googleapis.com/v1/oauth/clientIds/" + i.ClientID + ":handleRedirect"},
	}.Encode()}
	answer.Header().Set("Location", target.String())
	answer.page(http.StatusFound)
}

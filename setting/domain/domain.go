// Package domain knows which domains a certificate and a load balancer of Google's can be for.
package domain

import (
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// Longest is how many characters a name in a ManagedCertificate of GKE has at most
// (https://github.com/GoogleCloudPlatform/gke-managed-certs/blob/master/deploy/managedcertificates-crd.yaml).
const Longest = 63

// form is the form of a domain in DNS letters: other letters are written as xn--…
var form = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z][-a-z0-9]{0,61}[a-z0-9]$`)

// Is tells whether a text is a domain with a dot in it, in lower case and without one at its end.
func Is(text string) bool { return form.MatchString(text) && len(text) <= 253 }

// Meant is the domain that was probably meant by a text that is not a valid domain, or
// "": without the scheme and path of a URL, the star of a wildcard, and the dot at the
// end, and with the letters of other alphabets as the DNS has them.
func Meant(text string) string {
	text = strings.TrimSpace(text)
	if _, after, is := strings.Cut(text, "://"); is {
		text = after
	}
	text, _, _ = strings.Cut(text, "/")
	text = strings.Trim(strings.TrimPrefix(text, "*."), ".")
	if ascii, err := idna.Lookup.ToASCII(text); err == nil && Is(ascii) {
		return ascii
	}
	return ""
}

package requestlog

import (
	"regexp"
	"strings"
)

// hidden replaces text that may have been a secret.
const hidden = "[hidden]"

var (
	// secretName matches the name of a query parameter whose value may be a secret.
	secretName = regexp.MustCompile(`(?i)(token|secret|passw|api_?key|access_?key|private_?key|signature|credential|authorization|^auth$|^key$|^sig$|^code$|^jwt$)`)
	// webToken is what a JSON Web Token looks like, wherever it stands (RFC 7519).
	webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}`)
)

// Redact returns the path and query of a request without the values of parameters
// that are named like a secret, and without JSON Web Tokens. Everything else stays
// as the client wrote it.
func Redact(path string) string {
	before, query, has := strings.Cut(path, "?")
	if has {
		parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' })
		for i, part := range parts {
			name, value, pair := strings.Cut(part, "=")
			if pair && value != "" && secretName.MatchString(name) {
				parts[i] = name + "=" + hidden
			}
		}
		before += "?" + strings.Join(parts, "&")
	}
	return webToken.ReplaceAllString(before, hidden)
}

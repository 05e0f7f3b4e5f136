package app

import "strings"

// The armor of a licence file.
const (
	fileBegin = "-----BEGIN LICENSE FILE-----"
	fileEnd   = "-----END LICENSE FILE-----"
)

// LicenseFile puts a licence token into armor, in lines of 64 characters, so that
// it survives being saved, mailed and pasted.
func LicenseFile(token string) string {
	var b strings.Builder
	b.WriteString(fileBegin + "\n")
	for len(token) > 64 {
		b.WriteString(token[:64] + "\n")
		token = token[64:]
	}
	b.WriteString(token + "\n" + fileEnd + "\n")
	return b.String()
}

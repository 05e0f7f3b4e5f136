package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
)

func TestACredentialsSecretSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	id, secret := strings.Repeat("a", 26), strings.Repeat("7", 52)
	for text, want := range map[string]string{
		"license_credential_acme_" + id + "_" + secret:                             "acme",
		"license_credential_a_b.c-d_" + id + "_" + secret:                          "a_b.c-d",
		"license_credential_" + strings.Repeat("t", 128) + "_" + id + "_" + secret: strings.Repeat("t", 128),
		"license_credential_acme_" + id + "_" + secret + "a":                       "",
		"license_credential_acme_" + id + "_" + secret[1:]:                         "",
		"license_credential_acme_" + id + "_" + secret[1:] + "A":                   "",
		"license_credential_acme_" + id[1:] + "1_" + secret:                        "",
		"license_credential_acme_" + id + "-" + secret:                             "",
		"license_credential_acme-" + id + "_" + secret:                             "",
		"license_credential__" + id + "_" + secret:                                 "",
		"license_credential_a b_" + id + "_" + secret:                              "",
		"license_credential_" + strings.Repeat("t", 129) + "_" + id + "_" + secret: "",
		"License_credential_acme_" + id + "_" + secret:                             "",
		" license_credential_acme_" + id + "_" + secret:                            "",
		"license_credential_" + id + "_" + secret:                                  "",
		"license_credential_":                                                      "",
		"":                                                                         "",
	} {
		tenant, found, ok := app.ParseCredential(text)
		assert.Equal(t, want != "", ok, text)
		assert.Equal(t, want, tenant, text)
		if ok {
			assert.Equal(t, id, found, text)
		}
	}
}

// FuzzParseCredential: what is read is all of the text, and can be a tenant's and a
// credential's.
func FuzzParseCredential(f *testing.F) {
	f.Add("license_credential_acme_" + strings.Repeat("a", 26) + "_" + strings.Repeat("7", 52))
	f.Add("license_credential_a_b_" + strings.Repeat("_", 79))
	f.Add("license_credential_")
	f.Fuzz(func(t *testing.T, text string) {
		tenant, id, ok := app.ParseCredential(text)
		if !ok {
			assert.Empty(t, tenant+id)
			return
		}
		assert.True(t, app.ValidTenantID(tenant))
		assert.Len(t, id, 26)
		rest, found := strings.CutPrefix(text, app.CredentialPrefix+tenant+"_"+id+"_")
		assert.True(t, found)
		assert.Len(t, rest, 52)
		assert.Empty(t, strings.Trim(id+rest, "abcdefghijklmnopqrstuvwxyz234567"))
	})
}

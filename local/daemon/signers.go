package daemon

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// signerRoles are the predefined roles that hold
// cloudkms.cryptoKeyVersions.useToSign.
// https://cloud.google.com/kms/docs/reference/permissions-and-roles
func signerRoles() []string {
	return []string{"roles/cloudkms.signer", "roles/cloudkms.signerVerifier", "roles/cloudkms.cryptoOperator"}
}

// maySign tells whether a grant lets anybody sign with the key. Callers do not
// say who they are here, and the license API is the only one there is: without
// any grant it is refused, as on Google Cloud.
func (d *Daemon) maySign(key string) bool {
	for _, r := range d.store.List(gcp.TypeCryptoKeyMember) {
		grant := provider.Properties(r.Outputs)
		if grant.Text("cryptoKeyId") == key && slices.Contains(signerRoles(), grant.Text("role")) {
			return true
		}
	}
	return false
}

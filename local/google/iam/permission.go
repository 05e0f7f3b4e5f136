package iam

// The permissions that the embedded cloud checks.
// https://cloud.google.com/sql/docs/postgres/iam-permissions,
// https://cloud.google.com/kms/docs/reference/permissions-and-roles,
// https://cloud.google.com/secret-manager/docs/access-control
const (
	SQLGet     = "cloudsql.instances.get"
	SQLConnect = "cloudsql.instances.connect"
	SQLLogin   = "cloudsql.instances.login"

	KeyGet        = "cloudkms.cryptoKeys.get"
	VersionGet    = "cloudkms.cryptoKeyVersions.get"
	VersionList   = "cloudkms.cryptoKeyVersions.list"
	PublicKeyView = "cloudkms.cryptoKeyVersions.viewPublicKey"
	Sign          = "cloudkms.cryptoKeyVersions.useToSign"

	SecretVersionGet = "secretmanager.versions.get"
	SecretAccess     = "secretmanager.versions.access"
)

const owner = "roles/owner"

// holders are the predefined roles that hold a permission, as the pages above list them.
// A role that is not here gives nothing.
func holders(permission string) []string {
	seesKeys := []string{"roles/cloudkms.viewer", "roles/cloudkms.admin", "roles/viewer", "roles/editor", owner}
	return map[string][]string{
		SQLGet:     {"roles/cloudsql.client", "roles/cloudsql.instanceUser", "roles/cloudsql.viewer", "roles/cloudsql.editor", "roles/cloudsql.admin", "roles/viewer", "roles/editor", owner},
		SQLConnect: {"roles/cloudsql.client", "roles/cloudsql.editor", "roles/cloudsql.admin", "roles/editor", owner},
		SQLLogin:   {"roles/cloudsql.instanceUser", "roles/cloudsql.admin", owner},

		KeyGet: seesKeys, VersionGet: seesKeys, VersionList: seesKeys,
		PublicKeyView: {"roles/cloudkms.publicKeyViewer", "roles/cloudkms.verifier", "roles/cloudkms.signerVerifier", "roles/cloudkms.cryptoOperator", owner},
		Sign:          {"roles/cloudkms.signer", "roles/cloudkms.signerVerifier", "roles/cloudkms.cryptoOperator", owner},

		SecretVersionGet: {"roles/secretmanager.viewer", "roles/secretmanager.secretVersionManager", "roles/secretmanager.admin", "roles/viewer", "roles/editor", owner},
		SecretAccess:     {"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", owner},
	}[permission]
}

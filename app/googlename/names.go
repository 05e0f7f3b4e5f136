// Package googlename knows by which names the service calls Google. Whoever runs
// it where these names lead nowhere, or elsewhere, has to know them all; a test of
// the programs says that they call no other (app/server, cloud_test.go).
package googlename

// Hosts of Google's APIs.
const (
	kms           = "cloudkms.googleapis.com"
	secretManager = "secretmanager.googleapis.com"
	sqlAdmin      = "sqladmin.googleapis.com"
	// signInKeys has the public keys of Identity Platform's tokens.
	signInKeys = "www.googleapis.com"
)

// Serve are the hosts that the command serve calls. Access tokens come from the
// metadata server, at an address of its own.
func Serve() []string { return []string{kms, secretManager, sqlAdmin, signInKeys} }

// Migrate are the hosts that the command migrate calls.
func Migrate() []string { return []string{secretManager, sqlAdmin} }

// Package cloudsql is how Google's connectors reach a Cloud SQL instance. They call two
// methods of the Admin API: one returns the instance's address, the other a certificate for
// an hour. Then they connect to the instance's proxy at port 3307, which accepts nobody
// without such a certificate.
// https://cloud.google.com/sql/docs/postgres/language-connectors
package cloudsql

import (
	"crypto/x509/pkix"
	"net/netip"
	"strings"
	"time"
)

// Port is the proxy's, on every instance
// (https://cloud.google.com/sql/docs/postgres/connect-instance-cloud-functions#configure).
const Port = 3307

// Instance is the data about a Cloud SQL instance that connectors get.
type Instance struct {
	Project, Region, Name string
	// Version is such as POSTGRES_16.
	Version string
	// Address is the private one.
	Address netip.Addr
	// ServerCA is the PEM of who signs the proxy's certificate.
	ServerCA string
}

// Caller is whom an access token was given to.
type Caller struct {
	// Member is how IAM names it, such as serviceAccount:EMAIL.
	Member string
	// Scopes are what the token is for.
	Scopes []string
	// Expires is when the token ends.
	Expires time.Time
}

// The scopes of access tokens
// (https://developers.google.com/identity/protocols/oauth2/scopes#sqladmin).
const (
	scopePlatform = "https://www.googleapis.com/auth/cloud-platform"
	scopeAdmin    = "https://www.googleapis.com/auth/sqlservice.admin"
	scopeLogin    = "https://www.googleapis.com/auth/sqlservice.login"
)

const (
	serviceAccount = "serviceAccount:"
	emailEnd       = ".gserviceaccount.com"
	// iamLogin marks the certificate of who logs in by IAM.
	iamLogin = "IAM login"
)

// userOf is the database user of a member: a service account's address without its end
// (https://cloud.google.com/sql/docs/postgres/add-manage-iam-users).
func userOf(member string) string {
	_, name, _ := strings.Cut(member, ":")
	return strings.TrimSuffix(name, emailEnd)
}

// memberOf is the member whose database user this is.
func memberOf(user string) string {
	if strings.HasSuffix(user, ".iam") {
		return serviceAccount + user + emailEnd
	}
	return "user:" + user
}

// subject is what a certificate says about its client; user is empty for who does not
// log in by IAM.
func subject(user string) pkix.Name {
	if user == "" {
		return pkix.Name{CommonName: "Google Cloud SQL client"}
	}
	return pkix.Name{CommonName: user, OrganizationalUnit: []string{iamLogin}}
}

// loginOf is the user that a client with this subject logs in as by IAM, or empty.
func loginOf(subject pkix.Name) string {
	if len(subject.OrganizationalUnit) == 1 && subject.OrganizationalUnit[0] == iamLogin {
		return subject.CommonName
	}
	return ""
}

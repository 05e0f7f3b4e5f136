package identity

import (
	"fmt"
	"regexp"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings is what a stack can choose in layer 5.
type Settings struct {
	// DeletionProtection keeps Pulumi from deleting tenants: with a tenant all
	// its users are lost. Default true.
	DeletionProtection *bool `json:"deletionProtection"`
	// NodeAccount is the address of the service account that the nodes of an
	// adopted cluster run as: it gets the right to pull the API's image, and
	// nothing else. Empty when the stack creates its cluster: then a service
	// account is made for the nodes.
	NodeAccount string `json:"nodeAccount"`
	// ExistingConfig says that Identity Platform is set up in the project already: the
	// stack then only adds tenants to it. A stack that has set it up, and says so later,
	// gives the settings up: Google does not switch it on again, and only the import that
	// the next update prints leads back (docs/destroy.md).
	ExistingConfig bool `json:"existingConfig"`
	// AuthorizedDomains are the domains that may receive the redirect of a
	// sign-in. Not with ExistingConfig.
	AuthorizedDomains []string `json:"authorizedDomains"`
	// MFA is the second factor (a time-based code) at sign-in: DISABLED, ENABLED (default:
	// users may) or MANDATORY. It belongs to the project; each tenant has its own, which is
	// set by hand (docs/operations.md). Not with ExistingConfig.
	// https://cloud.google.com/identity-platform/docs/admin/enabling-totp-mfa
	MFA string `json:"mfa"`
	// SignInSuspended refuses every sign-in to every tenant. Tokens that were
	// issued before stay valid for up to an hour.
	SignInSuspended bool `json:"signInSuspended"`
	// SigningSuspended takes from the API the right to sign license tokens.
	// Tokens that were signed before can still be verified.
	SigningSuspended bool `json:"signingSuspended"`
	// Tenants are the customers.
	Tenants []Tenant `json:"tenants"`
}

// Tenant is one customer: its users sign in to it, and its licences belong to it.
type Tenant struct {
	// Name tells tenants apart in the settings: lower-case letters, digits and
	// -, a letter first, at most 32.
	Name string `json:"name"`
	// DisplayName is shown to people: 4 to 20 letters, digits and -, a letter
	// first (a rule of Identity Platform).
	// https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects.tenants
	DisplayName string `json:"displayName"`
	// PasswordSignIn lets users sign in by e-mail address and password. Until the tenant is
	// closed by hand (docs/operations.md) strangers may be able to sign up to it.
	PasswordSignIn bool `json:"passwordSignIn"`
	// EmailLinkSignIn lets users sign in by a link that is sent to them; for strangers,
	// see PasswordSignIn.
	EmailLinkSignIn bool `json:"emailLinkSignIn"`
	// Licenses are the licences the migration gives to the tenant.
	Licenses []License `json:"licenses"`
}

// License is the right to use one product on a number of seats.
type License struct {
	// ID names the licence in the API's paths: lower-case letters, digits and
	// -, at most 63; once only in the whole stack.
	ID string `json:"id"`
	// Product is what may be used: lower-case letters, digits and -, at most 63.
	Product string `json:"product"`
	// Seats is how many may use it at once: 1 to 100000.
	Seats int `json:"seats"`
	// LeaseSeconds is how long a seat is held without a heartbeat: 30 to 86400
	// seconds.
	LeaseSeconds int `json:"leaseSeconds"`
}

var (
	tenantNameForm  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	displayNameForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{3,19}$`)
	licenseForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	domainForm      = regexp.MustCompile(`^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?)$`)
	accountForm     = regexp.MustCompile(`^[a-z0-9-]+@([a-z0-9-]+\.iam|developer)\.gserviceaccount\.com$`)
)

// Protected says whether tenants are guarded from deletion.
func (s Settings) Protected() bool {
	return s.DeletionProtection == nil || *s.DeletionProtection
}

func (s Settings) withDefaults() Settings {
	if s.MFA == "" {
		s.MFA = "ENABLED"
	}
	return s
}

// Validate lists everything that is wrong with the settings.
func (s Settings) Validate() setting.Problems {
	var found setting.Problems
	if s.NodeAccount != "" && !accountForm.MatchString(s.NodeAccount) {
		found.Add("nodeAccount", s.NodeAccount, "is not the address of a service account",
			"NAME@PROJECT.iam.gserviceaccount.com, NUMBER-compute@developer.gserviceaccount.com, or nothing")
	}
	if s.ExistingConfig && (len(s.AuthorizedDomains) > 0 || s.MFA != "") {
		found.Add("existingConfig", true, "the project's sign-in is set up elsewhere, so authorizedDomains and mfa have no effect",
			"neither of the two, or existingConfig false")
	}
	setting.OneOf(&found, "mfa", s.withDefaults().MFA, "DISABLED", "ENABLED", "MANDATORY")
	for i, domain := range s.AuthorizedDomains {
		if !domainForm.MatchString(domain) || len(domain) > 253 {
			found.Add(fmt.Sprintf("authorizedDomains[%d]", i), domain, "is not a domain", "a host name in lower case with a dot in it, without a scheme; or localhost")
		}
	}
	tenants, licenses := map[string]bool{}, map[string]bool{}
	for i, tenant := range s.Tenants {
		key := fmt.Sprintf("tenants[%d]", i)
		if tenants[tenant.Name] {
			found.Add(key+".name", tenant.Name, "is used twice", "a name of its own")
		}
		tenants[tenant.Name] = true
		found = append(found, tenant.validate(licenses).Within(key)...)
	}
	return found
}

// validate lists what is wrong with a tenant; licenses collects the licence ids
// of all tenants.
func (t Tenant) validate(licenses map[string]bool) setting.Problems {
	var found setting.Problems
	if !tenantNameForm.MatchString(t.Name) {
		found.Add("name", t.Name, "has the wrong form", "1 to 32 lower-case letters, digits and -, a letter first")
	}
	if !displayNameForm.MatchString(t.DisplayName) {
		found.Add("displayName", t.DisplayName, "has the wrong form", "4 to 20 letters, digits and -, a letter first")
	}
	for i, license := range t.Licenses {
		key := fmt.Sprintf("licenses[%d]", i)
		if licenses[license.ID] {
			found.Add(key+".id", license.ID, "is used twice", "an id of its own")
		}
		licenses[license.ID] = true
		found = append(found, license.validate().Within(key)...)
	}
	return found
}

func (l License) validate() setting.Problems {
	var found setting.Problems
	const form = "1 to 63 lower-case letters, digits and -"
	if !licenseForm.MatchString(l.ID) {
		found.Add("id", l.ID, "has the wrong form", form)
	}
	if !licenseForm.MatchString(l.Product) {
		found.Add("product", l.Product, "has the wrong form", form)
	}
	if l.Seats < 1 || l.Seats > 100_000 {
		found.Add("seats", l.Seats, "is out of range", "1 to 100000")
	}
	if l.LeaseSeconds < 30 || l.LeaseSeconds > 86_400 {
		found.Add("leaseSeconds", l.LeaseSeconds, "is out of range", "30 to 86400 seconds")
	}
	return found
}

package gcp

import (
	"context"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// Grants of one role to one member.
const (
	TypeProjectMember        = "gcp:projects/iAMMember:IAMMember"
	TypeServiceAccountMember = "gcp:serviceaccount/iAMMember:IAMMember"
	TypeCryptoKeyMember      = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	TypeSecretMember         = "gcp:secretmanager/secretIamMember:SecretIamMember" //nolint:gosec // a type's name
	TypeRepositoryMember     = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"
)

var (
	rolePattern   = regexp.MustCompile(`^((projects|organizations)/[^/]+/)?roles/[A-Za-z0-9_.]+$`)
	memberPattern = regexp.MustCompile(`^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain|principal|principalSet|projectOwner|projectEditor|projectViewer):.+)$`)
)

// member describes one grant of a role on the resource that on names.
func (w *Cloud) member(typ, on string) provider.Kind {
	return provider.Kind{
		Type:     typ,
		Free:     "identities and grants are free",
		Own:      typ != TypeProjectMember, // whose policy is others', too
		Computed: []string{"etag"},
		Adopt:    takeUp, // a member that has the role keeps it
		ID: func(d *provider.Draft) string {
			parts := []string{relative(d.Inputs.Text(on)), d.Inputs.Text("role"), d.Inputs.Text("member")}
			if title := d.Inputs.Text("condition.title"); title != "" {
				parts = append(parts, title)
			}
			return strings.Join(parts, "/")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "role", rolePattern)
			if who := d.Inputs.Text("member"); who != "" && !memberPattern.MatchString(who) {
				failures = append(failures, provider.Refuse("member", "Error 400: Invalid value for member %q: expected user:, group:, serviceAccount:, domain: or principal: in front", who))
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["etag"] = "BwYfLocal0s="
			return w.checkMember(d.Project(), d.Inputs.Text("member"))
		},
	}
}

// agentPattern is a service agent of Google's, as a policy names it
// (https://cloud.google.com/iam/docs/service-agents).
var agentPattern = regexp.MustCompile(`^serviceAccount:((service-|cmek-p)\d+@[a-z-]+\.iam\.gserviceaccount\.com)$`)

// checkMember refuses a service account of the project that does not exist, and an agent
// of Google's that is still being made.
func (w *Cloud) checkMember(project, member string) error {
	if agent := agentPattern.FindStringSubmatch(member); agent != nil && w.AgentsExist != nil && !w.AgentsExist() {
		return apiError(400, "Service account %s does not exist., badRequest", agent[1])
	}
	email, isAccount := strings.CutPrefix(member, "serviceAccount:")
	if !isAccount || !strings.HasSuffix(email, "@"+project+".iam.gserviceaccount.com") {
		return nil
	}
	if _, exists := w.Store.Get(TypeServiceAccount, "projects/"+project+"/serviceAccounts/"+email); !exists {
		return apiError(400, "Service account %s does not exist.", email)
	}
	return nil
}

func (w *Cloud) projectMember() provider.Kind {
	return w.member(TypeProjectMember, "project")
}

func (w *Cloud) serviceAccountMember() provider.Kind {
	return w.member(TypeServiceAccountMember, "serviceAccountId")
}

func (w *Cloud) cryptoKeyMember() provider.Kind {
	return w.member(TypeCryptoKeyMember, "cryptoKeyId")
}

func (w *Cloud) secretMember() provider.Kind {
	return w.member(TypeSecretMember, "secretId")
}

func (w *Cloud) repositoryMember() provider.Kind {
	return w.member(TypeRepositoryMember, "repository")
}

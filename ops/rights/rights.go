// Package rights computes which IAM permissions an account needs to run Pulumi for a
// stack, and which roles grant them.
//
// What a resource needs follows from the calls of the provider (v5.42,
// google-beta/services) and the permissions that the reference of each API names for them.
// What a role holds is Google's list, https://cloud.google.com/iam/docs/roles-permissions,
// cut down to those permissions.
package rights

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/stack/plan"
)

var (
	//go:embed needs.json
	needsText []byte
	//go:embed roles.json
	rolesText []byte
)

// use is what each call needs, because the provider names the project that pays for it
// (userProjectOverride): https://cloud.google.com/docs/authentication/rest#set-billing-project
const use = "serviceusage.services.use"

// Need is what one type of resource needs, or one look-up.
type Need struct {
	// Read is for looking it up or comparing it, Write for the rest of its life.
	Read, Write []string
}

// Needs are the permissions for all types and look-ups that the embedded cloud knows, by
// token.
func Needs() (map[string]Need, error) {
	var needs map[string]Need
	if err := json.Unmarshal(needsText, &needs); err != nil {
		return nil, fmt.Errorf("decode needs.json: %w", err)
	}
	return needs, nil
}

// Missing lists which of the permissions the account does not have.
func (a Account) Missing(permissions []string) ([]string, error) {
	var held map[string][]string
	if err := json.Unmarshal(rolesText, &held); err != nil {
		return nil, fmt.Errorf("decode roles.json: %w", err)
	}
	var missing []string
	for _, permission := range permissions {
		has := slices.ContainsFunc(append(slices.Clone(a.Roles), a.Kubernetes), func(role string) bool { return slices.Contains(held[role], permission) })
		if !has && !slices.Contains(a.Custom, permission) {
			missing = append(missing, permission)
		}
	}
	return missing, nil
}

// LookUps are the permissions of a preview, which only looks up what exists.
func LookUps() ([]string, error) {
	needs, err := Needs()
	if err != nil {
		return nil, err
	}
	found := []string{use}
	for token, need := range needs {
		if strings.Contains(token, "/get") {
			found = append(found, need.Read...)
		}
	}
	return unique(found), nil
}

// Of lists what reading and changing all resources of a plan needs, and the types that
// nobody has classified.
func Of(p *plan.Plan) (read, write, unknown []string, err error) {
	needs, err := Needs()
	if err != nil {
		return nil, nil, nil, err
	}
	read = []string{use}
	// The image is pushed, and the operations that take long are waited for.
	write = []string{
		"artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.uploadArtifacts",
		"artifactregistry.tags.create", "artifactregistry.tags.update",
		"compute.globalOperations.get", "compute.regionOperations.get", "redis.operations.get",
	}
	for _, r := range p.InCloud() {
		if r.Kubernetes() {
			continue
		}
		need, known := needs[r.Type]
		if !known {
			unknown = append(unknown, r.Type)
		}
		read, write = append(read, need.Read...), append(write, need.Write...)
	}
	return unique(read), unique(write), unique(unknown), nil
}

func unique(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

// Markdown is the table of the accounts as the document has it.
func Markdown() string {
	var text strings.Builder
	text.WriteString("| Account | Runs | Roles on the project | In addition |\n|---|---|---|---|\n")
	for _, a := range []Account{Preview(), Drift(), Deploy()} {
		beside := "none"
		if len(a.Custom) > 0 {
			beside = "a custom role with `" + strings.Join(a.Custom, "`, `") + "`"
		}
		fmt.Fprintf(&text, "| %s | %s | `%s` | %s |\n", a.Name, a.Runs, strings.Join(append(slices.Clone(a.Roles), a.Kubernetes), "`, `"), beside)
	}
	return text.String()
}

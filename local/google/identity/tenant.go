package identity

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/local/host/file"
)

// Tenant is an Identity Platform tenant.
type Tenant struct {
	// Project is the Google Cloud project id.
	Project string `json:"project"`
	// ID is what tokens carry, for example "demo-x1y2z".
	ID string `json:"id"`
	// DisplayName is the declared name: 4 to 20 letters, digits and hyphens, a
	// letter first.
	DisplayName string `json:"displayName"`
	// Suspended refuses sign-in (the API's disableAuth).
	Suspended bool `json:"suspended"`
}

// displayNames is the API's rule
// (https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects.tenants).
var displayNames = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{3,19}$`)

// TenantID is the id that a tenant of this name gets: the name, a hyphen and
// five characters, which the real API draws at random and which here depend on
// project and name, so that a second environment has the same ones.
func TenantID(project, displayName string) string {
	const length = 5
	sum := sha256.Sum256([]byte(project + "/" + displayName))
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return displayName + "-" + text[:length]
}

// PutTenant creates the tenant, or changes its name and suspension; an empty ID
// is filled in by TenantID.
func (i *Issuer) PutTenant(t Tenant) (Tenant, error) {
	if t.Project == "" {
		return Tenant{}, errors.New("a tenant needs a project")
	}
	if !displayNames.MatchString(t.DisplayName) {
		return Tenant{}, fmt.Errorf("a tenant cannot be named %.80q: 4 to 20 letters, digits and hyphens are allowed, a letter first", t.DisplayName)
	}
	if t.ID == "" {
		t.ID = TenantID(t.Project, t.DisplayName)
	}
	return t, i.change(func(all []Tenant) []Tenant {
		return append(without(all, t.Project, t.ID), t)
	})
}

// DeleteTenant removes a tenant; a tenant that does not exist is not an error.
func (i *Issuer) DeleteTenant(project, id string) error {
	return i.change(func(all []Tenant) []Tenant { return without(all, project, id) })
}

func without(all []Tenant, project, id string) []Tenant {
	return slices.DeleteFunc(all, func(t Tenant) bool { return t.Project == project && t.ID == id })
}

// tenantsFile is what the file holds, in words.
const tenantsFile = "local tenants"

func (i *Issuer) tenantsPath() string { return filepath.Join(i.dir, "tenants.json") }

// Tenants lists the tenants by project and id, as they are on disk: another
// process may have changed them.
func (i *Issuer) Tenants() ([]Tenant, error) {
	var all []Tenant
	if err := file.LoadJSON(i.tenantsPath(), tenantsFile, &all); err != nil {
		return nil, err
	}
	return all, nil
}

func (i *Issuer) change(edit func([]Tenant) []Tenant) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	all, err := i.Tenants()
	if err != nil {
		return err
	}
	all = edit(all)
	slices.SortFunc(all, func(a, b Tenant) int {
		return cmp.Or(strings.Compare(a.Project, b.Project), strings.Compare(a.ID, b.ID))
	})
	return file.ReplaceJSON(i.tenantsPath(), tenantsFile, all)
}

// signInTenant returns the tenant that the caller means, by its id or else by
// its name.
func (i *Issuer) signInTenant(project, wanted string) (Tenant, error) {
	all, err := i.Tenants()
	if err != nil {
		return Tenant{}, err
	}
	for _, match := range []func(Tenant) bool{
		func(t Tenant) bool { return t.ID == wanted },
		func(t Tenant) bool { return t.DisplayName == wanted },
	} {
		index := slices.IndexFunc(all, func(t Tenant) bool { return t.Project == project && match(t) })
		if index < 0 {
			continue
		}
		if all[index].Suspended {
			return Tenant{}, fmt.Errorf("the tenant %s of project %s is suspended: its users cannot sign in", all[index].ID, project)
		}
		return all[index], nil
	}
	var known []string
	for _, t := range all {
		if t.Project == project {
			known = append(known, t.ID)
		}
	}
	return Tenant{}, fmt.Errorf("project %s has no tenant %q; it has: %s", project, wanted, strings.Join(known, ", "))
}

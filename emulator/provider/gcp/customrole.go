package gcp

import (
	"context"
	"regexp"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeCustomRole is a role of a project's own.
const TypeCustomRole = "gcp:projects/iAMCustomRole:IAMCustomRole"

var roleID = regexp.MustCompile(`^[a-zA-Z0-9_.]{3,64}$`)

func (w *Cloud) customRole() provider.Kind {
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/roles/" + d.Inputs.Text("roleId")
	}
	return provider.Kind{
		Type: TypeCustomRole, ID: id,
		Computed: []string{"name", "deleted"},
		Check:    func(d *provider.Draft) []provider.Failure { return checkName(d, "roleId", roleID) },
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"], d.Outputs["deleted"] = id(d), false
			return nil
		},
	}
}

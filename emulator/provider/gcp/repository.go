package gcp

import (
	"context"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeRepository is a repository of Artifact Registry.
const TypeRepository = "gcp:artifactregistry/repository:Repository"

var repositoryID = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (w *Cloud) repository() provider.Kind {
	place := func(d *provider.Draft) string {
		if at := d.Inputs.Text("location"); at != "" {
			return at
		}
		return d.Region()
	}
	return provider.Kind{
		Type:     TypeRepository,
		Own:      true,
		Computed: []string{"name", "createTime", "updateTime", "effectiveLabels", "pulumiLabels"},
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/locations/" + place(d) + "/repositories/" + d.Inputs.Text("repositoryId")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "repositoryId", repositoryID)
			failures = append(failures, oneOf(d, "format", "DOCKER")...)
			return append(failures, checkKeyPlace("kmsKeyName", d.Inputs.Text("kmsKeyName"), place(d))...)
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["location"], d.Outputs["name"] = place(d), d.Inputs.Text("repositoryId")
			return w.checkKey(registryAgent, d.Inputs.Text("kmsKeyName"))
		},
		Ensure: func(_ context.Context, r store.Resource) error { return w.Images.CreateRepository(imagePath(r.ID)) },
		Remove: func(_ context.Context, r store.Resource) error { return w.Images.DeleteRepository(imagePath(r.ID)) },
	}
}

// imagePath is how images name the repository: PROJECT/REPOSITORY.
func imagePath(id string) string {
	parts := strings.Split(id, "/")
	return parts[1] + "/" + parts[len(parts)-1]
}

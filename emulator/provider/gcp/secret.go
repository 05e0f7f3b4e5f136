package gcp

import (
	"context"
	"regexp"
	"strconv"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeSecret is a secret of Secret Manager.
const TypeSecret = "gcp:secretmanager/secret:Secret"

var secretID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)

func (w *Cloud) secret() provider.Kind {
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/secrets/" + d.Inputs.Text("secretId")
	}
	return provider.Kind{
		Type: TypeSecret, ID: id,
		Own:      true,
		Computed: []string{"name", "createTime", "effectiveLabels", "pulumiLabels", "effectiveAnnotations"},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := checkName(d, "secretId", secretID)
			if d.Inputs.Has("replication") && d.Inputs.Has("replication.auto") == d.Inputs.Has("replication.userManaged") {
				failures = append(failures, provider.Refuse("replication", "exactly one of `replication.0.auto,replication.0.user_managed` must be specified"))
			}
			for i := range d.Inputs.List("replication.userManaged.replicas") {
				at := "replication.userManaged.replicas." + strconv.Itoa(i)
				key := at + ".customerManagedEncryption.kmsKeyName"
				failures = append(failures, checkKeyPlace(key, d.Inputs.Text(key), d.Inputs.Text(at+".location"))...)
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["name"] = id(d)
			for i := range d.Inputs.List("replication.userManaged.replicas") {
				key := d.Inputs.Text("replication.userManaged.replicas." + strconv.Itoa(i) + ".customerManagedEncryption.kmsKeyName")
				if err := w.checkKey("gcp-sa-secretmanager", key); err != nil {
					return err
				}
			}
			return nil
		},
		Ensure: func(_ context.Context, r store.Resource) error { return w.Secrets.EnsureSecret(r.ID) },
		Remove: func(_ context.Context, r store.Resource) error { return w.Secrets.RemoveSecret(r.ID) },
	}
}

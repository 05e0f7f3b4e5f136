package gcp

import (
	"context"
	"hash/fnv"
	"strconv"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeServiceAccount is a Google service account.
const TypeServiceAccount = "gcp:serviceaccount/account:Account"

func (w *Cloud) serviceAccount() provider.Kind {
	email := func(d *provider.Draft) string {
		return d.Inputs.Text("accountId") + "@" + d.Project() + ".iam.gserviceaccount.com"
	}
	id := func(d *provider.Draft) string {
		return "projects/" + d.Project() + "/serviceAccounts/" + email(d)
	}
	return provider.Kind{
		Type: TypeServiceAccount, ID: id,
		Free:     "identities and grants are free",
		Own:      true,
		Computed: []string{"email", "member", "name", "uniqueId"},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["email"], d.Outputs["member"] = email(d), "serviceAccount:"+email(d)
			d.Outputs["name"], d.Outputs["uniqueId"] = id(d), "1"+number(id(d))
			return nil
		},
	}
}

// number makes 20 digits that depend on the text only, as ids of Google's look.
func number(text string) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text)) // a hash never fails to take bytes
	digits := strconv.FormatUint(hash.Sum64(), 10)
	for len(digits) < 20 {
		digits = "0" + digits
	}
	return digits
}

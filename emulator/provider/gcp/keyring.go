package gcp

import (
	"context"
	"regexp"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeKeyRing is a key ring of Cloud KMS.
const TypeKeyRing = "gcp:kms/keyRing:KeyRing"

var kmsName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,63}$`)

func (w *Cloud) keyRing() provider.Kind {
	return provider.Kind{
		Type: TypeKeyRing, NameProperty: "name",
		Free:     "a ring is a name; its keys' versions are priced",
		Own:      true,
		ID:       keyRingID,
		Check:    func(d *provider.Draft) []provider.Failure { return checkName(d, "name", kmsName) },
		Ensure:   func(_ context.Context, r store.Resource) error { return w.Keys.EnsureRing(r.ID) },
		Retained: true, // key rings cannot be deleted
	}
}

func keyRingID(d *provider.Draft) string {
	return "projects/" + d.Project() + "/locations/" + d.Inputs.Text("location") + "/keyRings/" + d.Inputs.Text("name")
}

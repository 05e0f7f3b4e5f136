package gcp

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeSecretVersion is one version of a secret.
const TypeSecretVersion = "gcp:secretmanager/secretVersion:SecretVersion"

// maxSecret is the largest payload, in bytes (https://cloud.google.com/secret-manager/quotas).
const maxSecret = 64 << 10

func (w *Cloud) secretVersion() provider.Kind {
	return provider.Kind{
		Type:     TypeSecretVersion,
		Own:      true,
		Computed: []string{"name", "version", "createTime", "destroyTime"},
		Secret:   []string{"secretData"},
		ID:       w.secretVersionName,
		Check: func(d *provider.Draft) []provider.Failure {
			if data := d.Inputs.Text("secretData"); len(data) > maxSecret {
				return []provider.Failure{provider.Refuse("secretData", "Error 400: The payload is %d bytes; at most %d are allowed", len(data), maxSecret)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			secret := d.Inputs.Text("secret")
			if _, exists := w.Store.Get(TypeSecret, secret); !exists {
				return apiError(404, "Secret [%s] not found.", secret)
			}
			name := w.secretVersionName(d)
			d.Outputs["name"], d.Outputs["version"] = name, last(name)
			fallback(d, "enabled", true)
			return nil
		},
		Ensure: func(_ context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			payload := []byte(outputs.Text("secretData"))
			if outputs.True("isSecretDataBase64") {
				decoded, err := base64.StdEncoding.DecodeString(string(payload))
				if err != nil {
					return apiError(400, "secretData of %s is not base64", r.ID)
				}
				payload = decoded
			}
			secret, number, _ := strings.Cut(r.ID, "/versions/")
			n, err := strconv.Atoi(number)
			if err != nil {
				return apiError(400, "%s is not the name of a secret's version", r.ID)
			}
			if err := w.Secrets.EnsureVersion(secret, n, payload); err != nil {
				return err
			}
			state := "ENABLED"
			if !outputs.True("enabled") {
				state = "DISABLED"
			}
			return w.Secrets.SetVersionState(r.ID, state)
		},
		Remove: func(_ context.Context, r store.Resource) error {
			secret, _, _ := strings.Cut(r.ID, "/versions/")
			if _, exists := w.Store.Get(TypeSecret, secret); !exists || provider.Properties(r.Inputs).Text("deletionPolicy") == "ABANDON" {
				return nil
			}
			return w.Secrets.SetVersionState(r.ID, "DESTROYED")
		},
	}
}

// secretVersionName is the name of the draft's version: on an update the one it
// has, else the next number that the secret never had.
func (w *Cloud) secretVersionName(d *provider.Draft) string {
	if d.Exists {
		if name := provider.Properties(d.Outputs).Text("name"); name != "" {
			return name
		}
	}
	secret := d.Inputs.Text("secret")
	next := 1
	if w.Secrets != nil {
		next = w.Secrets.LastVersion(secret) + 1
	}
	for _, v := range w.Store.List(TypeSecretVersion) {
		owner, number, _ := strings.Cut(v.ID, "/versions/")
		if n, err := strconv.Atoi(number); err == nil && owner == secret && n >= next {
			next = n + 1
		}
	}
	return secret + "/versions/" + strconv.Itoa(next)
}

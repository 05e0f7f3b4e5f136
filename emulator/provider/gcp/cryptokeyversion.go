package gcp

import (
	"context"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeCryptoKeyVersion is one version of a key, with material of its own.
const TypeCryptoKeyVersion = "gcp:kms/cryptoKeyVersion:CryptoKeyVersion"

func (w *Cloud) cryptoKeyVersion() provider.Kind {
	return provider.Kind{
		Type:     TypeCryptoKeyVersion,
		Own:      true,
		Computed: []string{"algorithm", "attestations", "generateTime", "name", "protectionLevel", "state"},
		ID:       func(d *provider.Draft) string { return w.versionName(d) },
		Check: func(d *provider.Draft) []provider.Failure {
			return oneOf(d, "state", "ENABLED", "DISABLED", "PENDING_GENERATION", "DESTROY_SCHEDULED", "DESTROYED")
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			key, exists := w.Store.Get(TypeCryptoKey, d.Inputs.Text("cryptoKey"))
			if !exists {
				return apiError(404, "CryptoKey %s not found.", d.Inputs.Text("cryptoKey"))
			}
			outputs := provider.Properties(key.Outputs)
			fallback(d, "name", w.versionName(d))
			fallback(d, "algorithm", outputs.Text("versionTemplate.algorithm"))
			fallback(d, "protectionLevel", "SOFTWARE")
			fallback(d, "state", "ENABLED")
			return nil
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			key, number, _ := strings.Cut(r.ID, "/cryptoKeyVersions/")
			n, err := strconv.Atoi(number)
			if err != nil {
				return apiError(400, "%s is not the name of a CryptoKeyVersion", r.ID)
			}
			if err := w.Keys.EnsureVersion(ctx, key, n); err != nil {
				return err
			}
			return w.Keys.SetVersionState(ctx, r.ID, provider.Properties(r.Outputs).Text("state"))
		},
		Remove: func(ctx context.Context, r store.Resource) error {
			return w.Keys.SetVersionState(ctx, r.ID, "DESTROY_SCHEDULED")
		},
	}
}

// versionName is the name of the draft's version: the one it has, by its URN, or
// the next number that its key never had.
func (w *Cloud) versionName(d *provider.Draft) string {
	key := d.Inputs.Text("cryptoKey")
	next := 1
	if w.Keys != nil {
		next = w.Keys.LastVersion(key) + 1
	}
	for _, v := range w.Store.List(TypeCryptoKeyVersion) {
		owner, number, _ := strings.Cut(v.ID, "/cryptoKeyVersions/")
		if owner != key {
			continue
		}
		if v.URN == d.URN {
			return v.ID
		}
		if n, err := strconv.Atoi(number); err == nil && n >= next {
			next = n + 1
		}
	}
	return key + "/cryptoKeyVersions/" + strconv.Itoa(next)
}

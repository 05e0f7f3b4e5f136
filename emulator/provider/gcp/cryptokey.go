package gcp

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeCryptoKey is a key of Cloud KMS.
const TypeCryptoKey = "gcp:kms/cryptoKey:CryptoKey"

const (
	enabled    = "ENABLED"
	symmetric  = "ENCRYPT_DECRYPT"
	asymmetric = "ASYMMETRIC_SIGN"
	// minRotation and maxRotation bound rotationPeriod, in seconds
	// (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).
	minRotation = 86400
	maxRotation = 876000 * 3600
	// minDestroy and maxDestroy bound destroyScheduledDuration, in seconds
	// (https://cloud.google.com/kms/docs/destroy-restore).
	minDestroy = 24 * 3600
	maxDestroy = 120 * 24 * 3600
)

func (w *Cloud) cryptoKey() provider.Kind {
	return provider.Kind{
		Type: TypeCryptoKey, NameProperty: "name",
		Own:      true,
		Computed: []string{"primaries", "effectiveLabels", "pulumiLabels"},
		ID:       cryptoKeyID,
		Check:    checkKeyInputs,
		Compute: func(_ context.Context, d *provider.Draft) error {
			if _, exists := w.Store.Get(TypeKeyRing, d.Inputs.Text("keyRing")); !exists {
				return apiError(404, "KeyRing %s not found.", d.Inputs.Text("keyRing"))
			}
			fallback(d, "purpose", symmetric)
			fallback(d, "destroyScheduledDuration", "2592000s")
			d.Outputs["primaries"] = w.primaries(d)
			return nil
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			return w.Keys.EnsureKey(ctx, Key{
				Name: r.ID, Purpose: outputs.Text("purpose"), Algorithm: outputs.Text("versionTemplate.algorithm"),
				ProtectionLevel:          outputs.Text("versionTemplate.protectionLevel"),
				DestroyScheduledDuration: outputs.Text("destroyScheduledDuration"),
				SkipInitialVersion:       outputs.True("skipInitialVersionCreation"),
			})
		},
		Retained: true, // keys cannot be deleted
		Leave:    leaveKey,
		// What the creation of a key is told is not part of the key: an import sets it to false
		// (google-beta/services/kms/resource_kms_crypto_key.go, resourceKMSCryptoKeyImport).
		Unread: []string{"skipInitialVersionCreation"},
	}
}

func cryptoKeyID(d *provider.Draft) string {
	return relative(d.Inputs.Text("keyRing")) + "/cryptoKeys/" + d.Inputs.Text("name")
}

// primaries is the version that encrypts, with its state: the former state, or the state of
// a new key.
func (w *Cloud) primaries(d *provider.Draft) []any {
	id := cryptoKeyID(d)
	if present, exists := w.Store.Get(TypeCryptoKey, id); exists {
		if is, _ := present.Outputs["primaries"].([]any); is != nil {
			return is
		}
	}
	if d.Outputs["purpose"] != symmetric || d.Inputs.True("skipInitialVersionCreation") {
		return []any{}
	}
	return []any{map[string]any{"name": id + "/cryptoKeyVersions/1", "state": enabled}}
}

// leaveKey is what the provider does to a key that it cannot delete: it schedules the
// destruction of the versions, and lets the key not rotate any more
// (google-beta/services/kms/resource_kms_crypto_key.go, resourceKMSCryptoKeyDelete).
func leaveKey(r store.Resource) store.Resource {
	r.Inputs, r.Outputs = maps.Clone(r.Inputs), maps.Clone(r.Outputs)
	delete(r.Inputs, "rotationPeriod")
	delete(r.Outputs, "rotationPeriod")
	primaries, _ := r.Outputs["primaries"].([]any)
	var left []any
	for _, primary := range primaries {
		version, _ := primary.(map[string]any)
		version = maps.Clone(version)
		version["state"] = "DESTROY_SCHEDULED"
		left = append(left, version)
	}
	r.Outputs["primaries"] = left
	return r
}

func checkKeyInputs(d *provider.Draft) []provider.Failure {
	failures := checkName(d, "name", kmsName)
	failures = append(failures, oneOf(d, "purpose", symmetric, asymmetric, "ASYMMETRIC_DECRYPT", "MAC")...)
	failures = append(failures, oneOf(d, "versionTemplate.protectionLevel", "SOFTWARE", "HSM", "EXTERNAL", "EXTERNAL_VPC")...)
	purpose := d.Inputs.Text("purpose")
	if rotation := d.Inputs.Text("rotationPeriod"); rotation != "" {
		seconds, err := strconv.ParseFloat(strings.TrimSuffix(rotation, "s"), 64)
		switch {
		case purpose != "" && purpose != symmetric:
			failures = append(failures, provider.Refuse("rotationPeriod", "Error 400: rotation_period cannot be set on a CryptoKey with purpose %s: only ENCRYPT_DECRYPT keys support automatic rotation", purpose))
		case err != nil || seconds < minRotation || seconds > maxRotation:
			failures = append(failures, provider.Refuse("rotationPeriod", "rotation_period must be between %ds and %ds, got %s", minRotation, maxRotation, rotation))
		}
	}
	if wait := d.Inputs.Text("destroyScheduledDuration"); wait != "" {
		if seconds, err := strconv.ParseFloat(strings.TrimSuffix(wait, "s"), 64); err != nil || seconds < minDestroy || seconds > maxDestroy {
			failures = append(failures, provider.Refuse("destroyScheduledDuration", "Error 400: destroy_scheduled_duration must be between %ds and %ds, got %s", minDestroy, maxDestroy, wait))
		}
	}
	algorithm := d.Inputs.Text("versionTemplate.algorithm")
	switch {
	case purpose == asymmetric && algorithm == "" && !d.Inputs.Has("versionTemplate.algorithm"):
		failures = append(failures, provider.Refuse("versionTemplate.algorithm", "Error 400: version_template.algorithm must be set for purpose ASYMMETRIC_SIGN"))
	case purpose == asymmetric && algorithm != "" && !strings.HasPrefix(algorithm, "RSA_SIGN_") && !strings.HasPrefix(algorithm, "EC_SIGN_"):
		failures = append(failures, provider.Refuse("versionTemplate.algorithm", "Error 400: algorithm %s is not valid for purpose ASYMMETRIC_SIGN", algorithm))
	case (purpose == "" || purpose == symmetric) && strings.Contains(algorithm, "_SIGN_"):
		failures = append(failures, provider.Refuse("versionTemplate.algorithm", "Error 400: algorithm %s is not valid for purpose ENCRYPT_DECRYPT", algorithm))
	}
	return failures
}

// checkKeyPlace refuses a key of another location than the resource's own.
func checkKeyPlace(property, key, place string) []provider.Failure {
	if at := location(key); at != "" && place != "" && at != place {
		return []provider.Failure{provider.Refuse(property, "Error 400: The Cloud KMS key must be in the same location as the resource: the key %s is in %s, the resource in %s", key, at, place)}
	}
	return nil
}

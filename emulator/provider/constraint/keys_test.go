package constraint_test

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	keysAPI      = "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys"
	keyRotation  = "https://cloud.google.com/kms/docs/key-rotation"
	keyDestroy   = "https://cloud.google.com/kms/docs/destroy-restore"
	keyHierarchy = "https://cloud.google.com/kms/docs/resource-hierarchy"
	keyDelete    = "https://docs.cloud.google.com/kms/docs/delete-kms-resources"
	keyRingSDK   = "https://www.pulumi.com/registry/packages/gcp/api-docs/kms/keyring/"
	keyCMEK      = "https://cloud.google.com/kms/docs/cmek"

	ring      = "projects/" + project + "/locations/" + region + "/keyRings/ring"
	keyID     = ring + "/cryptoKeys/key"
	elsewhere = "projects/" + project + "/locations/europe-west1/keyRings/ring/cryptoKeys/key"
)

// key is an encryption key with its ring.
func key() []made {
	return []made{
		{gcp.TypeKeyRing, "ring", map[string]any{"name": "ring", "location": region}},
		{gcp.TypeCryptoKey, "key", map[string]any{"name": "key", "keyRing": ring}},
	}
}

// grant lets a service's agent use the key.
func grant(agent string) []made {
	return []made{{gcp.TypeCryptoKeyMember, "grant", map[string]any{
		"cryptoKeyId": keyID, "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
		"member": "serviceAccount:service-" + gcp.ProjectNumber + "@" + agent + ".iam.gserviceaccount.com",
	}}}
}

// signing is a key that signs, as the API takes it.
func signing() map[string]any {
	return map[string]any{
		"name": "signing", "keyRing": ring, "purpose": "ASYMMETRIC_SIGN", "skipInitialVersionCreation": true,
		"versionTemplate": map[string]any{"algorithm": "RSA_SIGN_PKCS1_4096_SHA512"},
	}
}

// ungranted, missing and misplaced are what every service says to a key that it cannot use.
const (
	ungranted = "does not have permission to use the Cloud KMS key " + keyID
	missing   = "The Cloud KMS key " + keyID + " does not exist"
	misplaced = "The Cloud KMS key must be in the same location as the resource"
)

// refusesUngranted is what the service says in other words to a key that its agent may
// not use.
func refusesUngranted(rules []row, says, source string) []row {
	for i := range rules {
		if rules[i].says == ungranted {
			rules[i].says, rules[i].source = says, source
		}
	}
	return rules
}

// encrypted are the rules for what is encrypted with a key of one's own; property
// is where the key is named.
func encrypted(what, typ, property, agent string, right map[string]any, before ...made) []row {
	right = with(right, changes{property: keyID})
	return []row{
		{
			what: what + ": a key of another location", typ: typ, right: right,
			change: changes{property: elsewhere}, says: misplaced, source: keyCMEK,
		},
		{
			what: what + ": a key that the service's agent may not use", typ: typ, right: right, when: onCreate,
			given: append(before, key()...), lacking: grant(agent), says: ungranted, source: keyCMEK,
		},
		{
			what: what + ": a key that does not exist", typ: typ, right: right, when: onCreate,
			given: before, lacking: append(key(), grant(agent)...), says: missing, source: keyCMEK,
		},
		{
			what: what + ": a key of a stack that was destroyed, whose version was not restored and enabled", typ: typ, right: right, when: onCreate,
			given: slices.Concat(before, key(), grant(agent)), gone: []made{{gcp.TypeCryptoKey, "left", map[string]any{"name": "left", "keyRing": ring}}},
			change: changes{property: ring + "/cryptoKeys/left"}, says: "cryptoKeys/left/cryptoKeyVersions/1 is not enabled, current state is: DESTROY_SCHEDULED", source: keyDestroy,
		},
	}
}

func keyRows() []row {
	const typ = gcp.TypeCryptoKey
	symmetric := map[string]any{"name": "key", "keyRing": ring, "rotationPeriod": "7776000s"}
	made := key()
	return []row{
		{
			what: "rotation of an asymmetric key", typ: typ, right: signing(),
			change: changes{"rotationPeriod": "7776000s"}, says: "only ENCRYPT_DECRYPT keys support automatic rotation", source: keyRotation,
		},
		{
			what: "rotation more often than once a day", typ: typ, right: symmetric,
			change: changes{"rotationPeriod": "3600s"}, says: "must be between 86400s", source: keysAPI,
		},
		{
			what: "versions that are destroyed at once", typ: typ, right: with(symmetric, changes{"destroyScheduledDuration": "2592000s"}),
			change: changes{"destroyScheduledDuration": "60s"}, says: "must be between 86400s and 10368000s", source: keyDestroy,
		},
		{
			what: "a signing key without an algorithm", typ: typ, right: signing(),
			change: changes{"versionTemplate": nil}, says: "version_template.algorithm must be set", source: keysAPI,
		},
		{
			what: "a signing key with an algorithm for encryption", typ: typ, right: signing(),
			change: changes{"versionTemplate.algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}, says: "not valid for purpose ASYMMETRIC_SIGN", source: keysAPI,
		},
		{
			what: "an encryption key with an algorithm for signatures", typ: typ, right: symmetric,
			change: changes{"versionTemplate.algorithm": "RSA_SIGN_PKCS1_4096_SHA512"}, says: "not valid for purpose ENCRYPT_DECRYPT", source: keysAPI,
		},
		{
			what: "a name with a dot", typ: typ, right: symmetric,
			change: changes{"name": "a.key"}, says: "Must be a match of regex", source: keysAPI,
		},
		{
			what: "a key ring without a location", typ: gcp.TypeKeyRing, right: made[0].inputs,
			change: changes{"location": nil}, says: `The argument "location" is required`, source: keyRingSDK,
		},
		{
			what: "a key in a ring that does not exist", typ: typ, right: symmetric, when: onCreate,
			lacking: made[:1], says: "KeyRing " + ring + " not found", source: keysAPI,
		},
		{
			what: "a version of a key that does not exist", typ: gcp.TypeCryptoKeyVersion, right: map[string]any{"cryptoKey": keyID}, when: onCreate,
			lacking: made, says: "CryptoKey " + keyID + " not found", source: keysAPI + ".cryptoKeyVersions",
		},
		{
			what: "a key of a name in use", typ: typ, right: with(symmetric, changes{"name": "other"}), when: onCreate,
			given: made, change: changes{"name": "key"}, says: "cryptoKeys/key' already exists", source: keyHierarchy,
		},
		{
			what: "a key ring of the name of a removed one: the provider cannot delete key rings", typ: gcp.TypeKeyRing,
			right: with(made[0].inputs, changes{"name": "other"}), when: onCreate,
			gone: made[:1], change: changes{"name": "ring"}, says: "keyRings/ring' already exists", source: keyRingSDK,
		},
		{
			what: "a key of the name of a removed one: a key's name is never free again", typ: typ, right: with(symmetric, changes{"name": "other"}), when: onCreate,
			given: made[:1], gone: made[1:], change: changes{"name": "key"}, says: "cryptoKeys/key' already exists", source: keyDelete,
		},
		{
			what: "a key with a name that is too long", typ: typ, right: with(symmetric, changes{"name": strings.Repeat("k", 63)}),
			change: changes{"name": strings.Repeat("k", 64)}, says: "Must be a match of regex", source: keysAPI,
		},
	}
}

package data

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/taken"
)

// CheckKeys is the name of the check of the keys that exist already.
const CheckKeys = "keys"

// CheckArgs is what the checks compare.
type CheckArgs struct {
	// Settings must be valid.
	Settings Settings
	// Project is the Google Cloud project's id, Region where the keys are.
	Project, Region string
}

// Checks compares the settings with the keys of earlier updates.
func Checks(ctx *pulumi.Context, args CheckArgs, opts ...pulumi.InvokeOption) setting.Checks {
	return setting.Checks{{Name: CheckKeys, Look: func() (setting.Problems, error) { return args.keys(ctx, opts) }}}
}

// keys checks that the settings of each key are those with which it was created. Cloud KMS
// changes neither where a key is kept nor how long its versions can be restored, and a key's
// name is never free again
// (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys,
// https://cloud.google.com/kms/docs/resource-hierarchy#lifetime). So the update would delete
// what the key encrypts, destroy the key's versions, and then stop.
func (args CheckArgs) keys(ctx *pulumi.Context, opts []pulumi.InvokeOption) (setting.Problems, error) {
	s := args.Settings.withDefaults()
	ring := fmt.Sprintf("projects/%s/locations/%s/keyRings/%s", args.Project, args.Region, s.Keys.Ring)
	var made []madeKey
	for _, name := range append(encryptionKeyNames(), s.Signing.Key) {
		found, err := kms.GetKMSCryptoKey(ctx, &kms.GetKMSCryptoKeyArgs{KeyRing: ring, Name: name}, opts...)
		switch {
		case err == nil:
			made = append(made, madeAs(found))
		case !taken.Absent(err):
			return nil, fmt.Errorf("data.keys.ring = %q: look up the key %s: %w", s.Keys.Ring, name, err)
		}
	}
	return s.compare(made), nil
}

// madeKey is a key as it was made. Unknown values are empty.
type madeKey struct{ name, protection, destroy string }

func madeAs(found *kms.GetKMSCryptoKeyResult) madeKey {
	key := madeKey{name: found.Name, destroy: strings.TrimSuffix(found.DestroyScheduledDuration, "s")}
	for _, template := range found.VersionTemplates {
		key.protection = template.ProtectionLevel
	}
	return key
}

// fixed is a setting that a key keeps as it was made.
type fixed struct {
	key string
	set any
	// instead is the setting that makes other keys.
	instead string
	// of is what a key has of it, or "" for a key that another setting is about.
	of func(madeKey) string
}

// compare says which settings differ from the key that was created.
func (s Settings) compare(made []madeKey) (ps setting.Problems) {
	encrypts := func(k madeKey) bool { return k.name != s.Signing.Key }
	for _, f := range []fixed{
		{"data.keys.protection", s.Keys.Protection, "data.keys.ring", func(k madeKey) string { return when(encrypts(k), k.protection) }},
		{"data.signing.protection", s.Signing.Protection, "data.signing.key", func(k madeKey) string { return when(!encrypts(k), k.protection) }},
		{"data.keys.destroySeconds", s.Keys.DestroySeconds, "data.keys.ring", func(k madeKey) string { return k.destroy }},
	} {
		if was, names := f.others(made); was != "" {
			ps.Add(f.key, f.set,
				fmt.Sprintf("was %s when %s was made, which Cloud KMS never changes; and the name of a key is never free again", was, strings.Join(names, ", ")),
				fmt.Sprintf("%s; where what these keys are for may go, another %s beside it (docs/later.md)", was, f.instead))
		}
	}
	return ps
}

// others are the keys that were made in another way than is set now, and in which.
func (f fixed) others(made []madeKey) (was string, names []string) {
	for _, k := range made {
		is := f.of(k)
		if is == "" || is == fmt.Sprint(f.set) || was != "" && is != was {
			continue
		}
		was, names = is, append(names, k.name)
	}
	return was, names
}

func when(holds bool, text string) string {
	if holds {
		return text
	}
	return ""
}

// encryptionKeyNames are the names of all encryption keys.
func encryptionKeyNames() (names []string) {
	for _, a := range agents() {
		names = append(names, encryptionKeyPrefix+a.key)
	}
	return append(names, encryptionKeyPrefix+keyLogs)
}

// DatabaseAddress is the private address of the database that an earlier update made, or ""
// where there is none. name is PROJECT:REGION:INSTANCE.
func DatabaseAddress(ctx *pulumi.Context, name string, opts ...pulumi.InvokeOption) (string, error) {
	parts := strings.Split(name, ":")
	if len(parts) != 3 {
		return "", nil
	}
	var found struct {
		PrivateIPAddress string `pulumi:"privateIpAddress"`
	}
	// The SDK's own function refuses an answer that a secret is in, such as a replica's password.
	_, err := ctx.InvokePackageRaw("gcp:sql/getDatabaseInstance:getDatabaseInstance", map[string]any{"project": parts[0], "name": parts[2]}, &found, "", opts...)
	switch {
	case err == nil:
		return found.PrivateIPAddress, nil
	case taken.Absent(err):
		return "", nil
	default:
		return "", fmt.Errorf("look up the database %s: %w", name, err)
	}
}

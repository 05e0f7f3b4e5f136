package data

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// signingAlgorithm is RSA-4096 with PKCS#1 v1.5 padding and SHA-512: what JOSE
// calls RS512.
// https://cloud.google.com/kms/docs/algorithms#rsa_signing_algorithms
const signingAlgorithm = "RSA_SIGN_PKCS1_4096_SHA512"

// signing declares the key that signs license tokens and its versions. The key
// has no rotation period, which Cloud KMS refuses for an asymmetric key, and no
// version but those of the settings.
func (k *Keys) signing(ctx *pulumi.Context, name string, args *KeysArgs, ring *kms.KeyRing) error {
	settings := args.Settings.withDefaults()
	keep := pulumi.RetainOnDelete(settings.Protected())
	// Only the creation is told to make no version. The provider (v5.42) does not read it for an imported key, and
	// would replace the key and destroy its versions
	// (https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/kms/resource_kms_crypto_key.go,
	// resourceKMSCryptoKeyImport).
	created := pulumi.IgnoreChanges([]string{"skipInitialVersionCreation"})
	key, err := kms.NewCryptoKey(ctx, name+"-signing", &kms.CryptoKeyArgs{
		Name:                       pulumi.String(settings.Signing.Key),
		KeyRing:                    ring.ID(),
		Purpose:                    pulumi.String("ASYMMETRIC_SIGN"),
		SkipInitialVersionCreation: pulumi.Bool(true),
		DestroyScheduledDuration:   pulumi.String(seconds(settings.Keys.DestroySeconds)),
		VersionTemplate: &kms.CryptoKeyVersionTemplateArgs{
			Algorithm:       pulumi.String(signingAlgorithm),
			ProtectionLevel: pulumi.String(settings.Signing.Protection),
		},
	}, guarded(k, settings, keep, created)...)
	if err != nil {
		return fmt.Errorf("declaring signing key %q: %w", settings.Signing.Key, err)
	}
	k.SigningKeyID = key.ID().ToStringOutput()

	var published pulumi.StringArray
	var before []pulumi.Resource
	for _, version := range settings.Signing.Versions {
		// Cloud KMS numbers versions as they come, so they are made in the
		// order of the settings.
		made, err := kms.NewCryptoKeyVersion(ctx, name+"-signing-"+version.Name, &kms.CryptoKeyVersionArgs{
			CryptoKey: key.ID(),
			State:     pulumi.String(version.State),
		}, guarded(k, settings, keep, pulumi.DependsOn(before))...)
		if err != nil {
			return fmt.Errorf("declaring signing version %q: %w", version.Name, err)
		}
		before = []pulumi.Resource{made}
		if version.State == Enabled {
			published = append(published, made.Name)
		}
		if version.Name == settings.Signing.Active {
			k.ActiveSigningVersion = made.Name
		}
	}
	k.SigningVersions = published.ToStringArrayOutput()
	return nil
}

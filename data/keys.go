package data

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// encrypterRole lets a service agent use a key, and nothing else.
// https://cloud.google.com/kms/docs/reference/permissions-and-roles
const encrypterRole = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

// KeysArgs is what Keys needs from the stack.
type KeysArgs struct {
	// Settings are the layer's settings; they must be valid.
	Settings Settings
	// Project is the Google Cloud project's id.
	Project string
	// Region is where the keys live: the region of what they encrypt.
	// https://cloud.google.com/kms/docs/cmek#cmek_locations
	Region string
	// ProjectNumber is the project's number, which names its service agents.
	ProjectNumber pulumi.StringInput
	// Services are the enabled APIs: no key is asked for before them.
	Services []pulumi.Resource
	// Asking is the provider that looks up what exists, before any API is enabled.
	Asking pulumi.ProviderResource
	// AdoptsCluster leaves out the keys that only a cluster made by this stack
	// uses; Cluster and Disks are then empty.
	AdoptsCluster bool
}

// Keys are the platform's Cloud KMS keys. Every encryption key is given out
// only after its service agent may use it, so whatever takes one as an input
// is made after the grant.
type Keys struct {
	pulumi.ResourceState

	// RingName is the short name of the key ring that holds all of them.
	RingName string
	// SigningKeyID is the id of the key that signs license tokens:
	// projects/…/locations/…/keyRings/…/cryptoKeys/….
	SigningKeyID pulumi.StringOutput
	// ActiveSigningVersion is the full name of the version that signs.
	ActiveSigningVersion pulumi.StringOutput
	// SigningVersions are the full names of every enabled version, in the
	// order of the settings: the public keys that verifiers must know.
	SigningVersions pulumi.StringArrayOutput
	// SQL encrypts Cloud SQL.
	SQL pulumi.StringOutput
	// Redis encrypts Memorystore.
	Redis pulumi.StringOutput
	// Secrets encrypts Secret Manager.
	Secrets pulumi.StringOutput
	// Cluster encrypts the cluster's Secrets in etcd.
	Cluster pulumi.StringOutput
	// Disks encrypts the nodes' boot disks.
	Disks pulumi.StringOutput
	// Logs encrypts the log bucket.
	Logs pulumi.StringOutput
	// Registry encrypts the container images.
	Registry pulumi.StringOutput
}

// NewKeys declares the key ring, one encryption key for each service with the
// grant of its service agent, and the signing key with its versions.
func NewKeys(ctx *pulumi.Context, name string, args *KeysArgs, opts ...pulumi.ResourceOption) (*Keys, error) {
	settings := args.Settings.withDefaults()
	keys := &Keys{RingName: settings.Keys.Ring}
	if err := ctx.RegisterComponentResource("licensing:data:Keys", name, keys, opts...); err != nil {
		return nil, fmt.Errorf("registering keys %q: %w", name, err)
	}
	free, err := args.refuseTaken(ctx, settings.Keys.Ring)
	if err != nil {
		return nil, err
	}
	ring, err := kms.NewKeyRing(ctx, name, &kms.KeyRingArgs{
		Name:     pulumi.String(settings.Keys.Ring),
		Location: pulumi.String(args.Region),
		Project:  pulumi.String(args.Project),
	}, guarded(keys, settings, pulumi.DependsOn(args.Services), free)...)
	if err != nil {
		return nil, fmt.Errorf("declaring key ring %q: %w", settings.Keys.Ring, err)
	}
	given := map[string]*pulumi.StringOutput{
		keySQL: &keys.SQL, keyRedis: &keys.Redis, keySecrets: &keys.Secrets,
		keyRegistry: &keys.Registry, keyCluster: &keys.Cluster, keyDisks: &keys.Disks,
	}
	none := pulumi.String("").ToStringOutput()
	for _, a := range agents() {
		if a.cluster && args.AdoptsCluster {
			*given[a.key] = none
			continue
		}
		if *given[a.key], err = keys.encryption(ctx, name, args, ring, a.key, keys.agentMember(ctx, name, args, a)); err != nil {
			return nil, err
		}
	}
	if keys.Logs, err = keys.encryption(ctx, name, args, ring, keyLogs, keys.loggingMember(ctx, args)); err != nil {
		return nil, err
	}
	if err := keys.signing(ctx, name, args, ring); err != nil {
		return nil, err
	}
	return keys, ctx.RegisterResourceOutputs(keys, pulumi.Map{
		"signingKey":           keys.SigningKeyID,
		"activeSigningVersion": keys.ActiveSigningVersion,
	})
}

// principal is an identity to be granted a key, or why it cannot be known.
type principal struct {
	member pulumi.StringOutput
	err    error
}

// agentMember makes a service agent where that is needed and returns it as a
// member of IAM policies, once it exists.
func (k *Keys) agentMember(ctx *pulumi.Context, name string, args *KeysArgs, a agent) principal {
	number := args.ProjectNumber.ToStringOutput()
	if a.api == "" {
		return principal{member: number.ApplyT(a.member).(pulumi.StringOutput)}
	}
	identity, err := projects.NewServiceIdentity(ctx, name+"-"+a.key, &projects.ServiceIdentityArgs{
		Service: pulumi.String(a.api),
		Project: pulumi.String(args.Project),
	}, pulumi.Parent(k), pulumi.DependsOn(args.Services))
	if err != nil {
		return principal{err: fmt.Errorf("declaring the service agent of %s: %w", a.api, err)}
	}
	member := pulumi.All(number, identity.ID()).ApplyT(func(known []any) string {
		return a.member(known[0].(string))
	}).(pulumi.StringOutput)
	return principal{member: member}
}

// encryption declares one encryption key, grants it to its service agent and
// returns the key's id, known only after the grant.
func (k *Keys) encryption(
	ctx *pulumi.Context, name string, args *KeysArgs, ring *kms.KeyRing, use string, who principal,
) (pulumi.StringOutput, error) {
	if who.err != nil {
		return pulumi.StringOutput{}, who.err
	}
	settings := args.Settings.withDefaults()
	key, err := kms.NewCryptoKey(ctx, name+"-"+use, &kms.CryptoKeyArgs{
		Name:                     pulumi.String(encryptionKeyPrefix + use),
		KeyRing:                  ring.ID(),
		Purpose:                  pulumi.String("ENCRYPT_DECRYPT"),
		RotationPeriod:           pulumi.String(seconds(settings.Keys.RotationSeconds)),
		DestroyScheduledDuration: pulumi.String(seconds(settings.Keys.DestroySeconds)),
		VersionTemplate: &kms.CryptoKeyVersionTemplateArgs{
			Algorithm:       pulumi.String("GOOGLE_SYMMETRIC_ENCRYPTION"),
			ProtectionLevel: pulumi.String(settings.Keys.Protection),
		},
	}, guarded(k, settings, pulumi.RetainOnDelete(settings.Protected()))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("declaring encryption key %q: %w", use, err)
	}
	grant, err := kms.NewCryptoKeyIAMMember(ctx, name+"-"+use, &kms.CryptoKeyIAMMemberArgs{
		CryptoKeyId: key.ID(),
		Role:        pulumi.String(encrypterRole),
		Member:      who.member,
	}, pulumi.Parent(k))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("granting encryption key %q: %w", use, err)
	}
	return pulumi.All(key.ID(), grant.ID()).ApplyT(func(known []any) string {
		return string(known[0].(pulumi.ID))
	}).(pulumi.StringOutput), nil
}

// guarded are the options of a child that must not be deleted by mistake.
func guarded(parent pulumi.Resource, settings Settings, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Protect(settings.Protected())}, more...)
}

// seconds writes a duration in the form of Google's APIs.
func seconds(n int) string {
	return fmt.Sprintf("%ds", n)
}

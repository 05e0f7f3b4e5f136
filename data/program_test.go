package data_test

import (
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/declared"
)

// Kinds of resources that the tests ask about.
const (
	kindRing     = "gcp:kms/keyRing:KeyRing"
	kindKey      = "gcp:kms/cryptoKey:CryptoKey"
	kindVersion  = "gcp:kms/cryptoKeyVersion:CryptoKeyVersion"
	kindKeyGrant = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	kindAgent    = "gcp:projects/serviceIdentity:ServiceIdentity"
	kindService  = "gcp:projects/service:Service"
	kindSQL      = "gcp:sql/databaseInstance:DatabaseInstance"
	kindDatabase = "gcp:sql/database:Database"
	kindUser     = "gcp:sql/user:User"
	kindRedis    = "gcp:redis/instance:Instance"
	kindSecret   = "gcp:secretmanager/secret:Secret"
	kindContent  = "gcp:secretmanager/secretVersion:SecretVersion"
	kindImages   = "gcp:artifactregistry/repository:Repository"
)

// valid are settings with nothing but what has no default.
func valid() data.Settings {
	return data.Settings{Signing: data.SigningSettings{
		Versions: []data.SigningVersion{{Name: "2026-08"}, {Name: "2026-11"}},
		Active:   "2026-11",
	}}
}

// layer is the whole of layer 6, declared under a Recorder.
type layer struct {
	*declared.Recorder
	keys   *data.Keys
	stores *data.Stores
}

// declare declares layer 6 with the settings.
func declare(t *testing.T, settings data.Settings) *layer {
	t.Helper()
	l := &layer{Recorder: &declared.Recorder{Cloud: declared.Echo{Computed: computed, Answers: map[string]resource.PropertyMap{
		"gcp:logging/getProjectCmekSettings:getProjectCmekSettings": {
			"serviceAccountId": resource.NewProperty("cmek-p123456789@gcp-sa-logging.iam.gserviceaccount.com"),
		},
	}}}}
	require.NoError(t, l.Run(func(ctx *pulumi.Context) error { return l.program(ctx, settings, false) }))
	return l
}

func (l *layer) program(ctx *pulumi.Context, settings data.Settings, adopts bool) error {
	api, err := projects.NewService(ctx, "cloudkms", &projects.ServiceArgs{Service: pulumi.String("cloudkms.googleapis.com")})
	if err != nil {
		return err
	}
	peering, err := projects.NewService(ctx, "peering", &projects.ServiceArgs{Service: pulumi.String("servicenetworking.googleapis.com")})
	if err != nil {
		return err
	}
	l.keys, err = data.NewKeys(ctx, "keys", &data.KeysArgs{
		Settings:      settings,
		Project:       "acme",
		Region:        "us-central1",
		ProjectNumber: pulumi.String("123456789"),
		Services:      []pulumi.Resource{api},
		AdoptsCluster: adopts,
	})
	if err != nil {
		return err
	}
	l.stores, err = data.NewStores(ctx, "stores", &data.StoresArgs{
		Settings:                 settings,
		Project:                  "acme",
		Region:                   "us-central1",
		NetworkID:                pulumi.String("projects/acme/global/networks/vpc"),
		PrivateServicesRangeName: pulumi.String("google-services"),
		PrivateServices:          []pulumi.Resource{peering},
		Keys:                     l.keys,
		APIEmail:                 pulumi.String("license-api@acme.iam.gserviceaccount.com"),
		MigrationEmail:           pulumi.String("license-migrate@acme.iam.gserviceaccount.com"),
		MigrationPassword:        pulumi.String("the-migration-password"),
	})
	return err
}

// computed is what Google Cloud adds to what was asked for.
func computed(kind, name string) resource.PropertyMap {
	text := resource.NewProperty[string]
	certificate := func(pem string) resource.PropertyValue {
		return resource.NewProperty(resource.PropertyMap{"cert": text(pem)})
	}
	switch kind {
	case kindVersion:
		return resource.PropertyMap{"name": text("full-name-of-" + name)}
	case kindSQL:
		return resource.PropertyMap{
			"name":             text("stores-1a2b3c"),
			"connectionName":   text("acme:us-central1:stores-1a2b3c"),
			"privateIpAddress": text("10.1.0.3"),
		}
	case kindRedis:
		return resource.PropertyMap{
			"host":          text("10.1.0.4"),
			"port":          resource.NewProperty(6378.0),
			"authString":    resource.MakeSecret(text("the-auth-string")),
			"serverCaCerts": resource.NewProperty([]resource.PropertyValue{certificate("redis")}),
		}
	case kindContent:
		return resource.PropertyMap{"name": text("version-of-" + name)}
	case kindImages:
		return resource.PropertyMap{"name": text("license-platform")}
	default:
		return nil
	}
}

// known returns the value of an output and whether it is secret.
func known[T any](t *testing.T, output pulumi.Output) (T, bool) {
	t.Helper()
	result, err := internals.UnsafeAwaitOutput(t.Context(), output)
	require.NoError(t, err)
	require.True(t, result.Known)
	typed, ok := result.Value.(T)
	require.Truef(t, ok, "%T", result.Value)
	return typed, result.Secret
}

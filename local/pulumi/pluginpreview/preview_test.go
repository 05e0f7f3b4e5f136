package pluginpreview_test

import (
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview/plugintest"
)

// declare declares a thing of a size whose name comes from a look-up, and
// checks that the secrets are there.
func declare(size int) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		version := pulumi.Version("7.38.0")
		var google struct{ pulumi.ProviderResourceState }
		if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google, version); err != nil {
			return err
		}
		var network struct {
			Name string `pulumi:"name"`
		}
		if err := ctx.Invoke("gcp:compute/getNetwork:getNetwork", map[string]any{"name": "coditect-vpc"}, &network, pulumi.Provider(&google), version); err != nil {
			return err
		}
		key, _ := ctx.GetConfig("license-platform:pagerDutyKey")
		password, _ := ctx.GetConfig("license-platform:migrationPassword")
		inputs := pulumi.Map{"size": pulumi.Int(size), "network": pulumi.String(network.Name), "secrets": pulumi.Int(min(len(key), len(password)))}
		var made struct{ pulumi.CustomResourceState }
		return ctx.RegisterResource("gcp:test/thing:Thing", network.Name+"-thing", inputs, &made, pulumi.Provider(&google), version)
	}
}

const settings = `
config:
  license-platform:platform: {project: p}
  license-platform:pagerDutyKey:
    secure: v1:encrypted-with:somebody-elses-key
`

func preview(t *testing.T, size int) (pluginpreview.Report, error) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	command, err := toolchain.Pulumi(t.Context(), root, func(text string) { t.Log(text) })
	require.NoError(t, err)
	plugin := toolchain.Plugin{Name: "gcp", Version: "7.38.0"}
	plugin.Path = filepath.Join(t.TempDir(), plugin.File())
	plugintest.Place(t, plugin.Path)
	return pluginpreview.Preview(t.Context(), pluginpreview.Options{
		Dir: t.TempDir(), Stack: "dev", Settings: []byte(settings), Program: declare(size), Command: command,
		Plugins: []toolchain.Plugin{plugin},
	})
}

func TestAPluginPlansAndItsLookUpsAreAnsweredHere(t *testing.T) {
	t.Parallel()
	report, err := preview(t, 3)
	require.NoError(t, err)
	assert.Equal(t, pluginpreview.Difference{}, pluginpreview.Compare(report.Planned, []string{
		"urn:pulumi:dev::license-platform::pulumi:providers:gcp::gcp",
		"urn:pulumi:dev::license-platform::gcp:test/thing:Thing::coditect-vpc-thing",
	}))
	assert.Equal(t, []string{
		"GET compute.googleapis.com/compute/beta/projects/p/global/networks/coditect-vpc",
		"GET openidconnect.googleapis.com/v1/userinfo",
	}, report.Answered)
	assert.Empty(t, report.Refused)
	assert.Empty(t, report.Warnings)
}

func TestACallToGoogleIsKeptAndNamed(t *testing.T) {
	t.Parallel()
	report, err := preview(t, 9)
	require.NoError(t, err, "the plugin takes no for an answer")
	assert.Equal(t, []string{"GET storage.googleapis.com/storage/v1/b/bucket"}, report.Refused)
}

func TestWhatAPluginRefusesIsToldWithItsResource(t *testing.T) {
	t.Parallel()
	_, err := preview(t, 11)
	require.ErrorContains(t, err, "gcp:test/thing:Thing coditect-vpc-thing")
	require.ErrorContains(t, err, "expected size to be at most 10")
}

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/local/host/toolchain"
	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview/plugintest"
)

// TestMain makes this executable a provider plugin, too. The API of a test is in a pod.
func TestMain(m *testing.M) {
	if !plugintest.Called() {
		os.Exit(apptest.InPod(m).Run())
	}
	if err := plugintest.Serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pluginsPlan runs the whole way of `preview-real` with plugins that stand in.
func pluginsPlan(t *testing.T, m *machine) {
	home := t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	output, code := m.command(t, "preview-real")
	assert.Equal(t, 1, code, "this home has no plugins")
	missing := regexp.MustCompile(`pulumi plugin install resource (\S+) v(\S+)`).FindAllStringSubmatch(output, -1)
	require.Len(t, missing, 2, "both providers are named with their commands")
	for _, named := range missing {
		plugin := toolchain.Plugin{Name: named[1], Version: named[2]}
		plugintest.Place(t, filepath.Join(home, "plugins", plugin.Folder(), plugin.File()))
	}
	output = m.must(t, "preview-real", "--stack", "prod")
	assert.Regexp(t, `prod: 1\d\d to create`, output)
	assert.Contains(t, output, "prod: answered on this machine: GET container.googleapis.com/v1beta1/projects/p/locations/us-central1/clusters/coditect-cluster")
	assert.NotContains(t, output, "kept from")
}

// realPluginsPlan does so with the real ones, where they are.
func realPluginsPlan(t *testing.T, m *machine) {
	output, code := m.command(t, "preview-real")
	if strings.HasPrefix(output, "error: missing on this machine") {
		t.Skip(output)
	}
	assert.Zero(t, code, output)
}

package cloudarmor_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
	"github.com/coditect-ai/license-platform/local/scenario/benign"
	"github.com/coditect-ai/license-platform/setting/stackfile"
)

// ofStacks are the settings of the policy in every stack's file.
func ofStacks(t testing.TB) map[string]policy.Settings {
	t.Helper()
	all := map[string]policy.Settings{}
	for _, stack := range stackfile.Names("../..") {
		content, err := os.ReadFile(filepath.Join("..", "..", "Pulumi."+stack+".yaml"))
		require.NoError(t, err)
		var file struct {
			Config struct {
				Armor *policy.Settings `json:"license-platform:armor"`
			} `json:"config"`
		}
		require.NoError(t, yaml.Unmarshal(content, &file))
		require.NotNil(t, file.Config.Armor, stack)
		all[stack] = *file.Config.Armor
	}
	return all
}

// TestNoHonestClientIsRefused is the rate of false alarms of layer 1: the goal is 0.
func TestNoHonestClientIsRefused(t *testing.T) {
	t.Parallel()
	requests, err := benign.Requests("demo")
	require.NoError(t, err)
	require.Greater(t, len(requests), 500)
	var evaluated []policy.Settings
	for stack, settings := range ofStacks(t) {
		if slices.ContainsFunc(evaluated, func(same policy.Settings) bool { return reflect.DeepEqual(same, settings) }) {
			continue
		}
		evaluated = append(evaluated, settings)
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			bench, refused := stand(t, settings), 0
			for i, each := range requests {
				decision := bench.decide(t, cloudarmor.Request{
					Method: each.Method, Scheme: "https", Host: licenseHost, Path: each.Path, RawQuery: each.Query, Headers: each.Header,
					Body: []byte(each.Body), Region: "DE", ClientIP: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}),
				})
				if !assert.True(t, decision.Allowed(), "%s %q: rule %d, %v", each.Kind, each.Text, decision.Priority(), decision.Final.Signatures) {
					refused++
				}
				for _, step := range decision.Trace {
					assert.Empty(t, step.Error, "rule %d about %q", step.Priority, each.Text)
				}
			}
			t.Logf("%d requests of honest clients, %d refused", len(requests), refused)
		})
	}
}

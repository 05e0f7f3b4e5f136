package layer_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

func TestEveryTypeBelongsToOneLayer(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]int{
		"gcp:compute/securityPolicyRule:SecurityPolicyRule":     layer.CloudArmor,
		"gcp:compute/sSLPolicy:SSLPolicy":                       layer.Network,
		"gcp:dns/recordSet:RecordSet":                           layer.Network,
		"kubernetes:networking.k8s.io/v1:Ingress":               layer.Ingress,
		"kubernetes:core/v1:Service":                            layer.Ingress,
		"kubernetes:core/v1:ServiceAccount":                     layer.Workload,
		"kubernetes:networking.k8s.io/v1:NetworkPolicy":         layer.Workload,
		"kubernetes:monitoring.googleapis.com/v1:PodMonitoring": layer.Workload,
		"gcp:projects/iAMMember:IAMMember":                      layer.Identity,
		"gcp:projects/iAMAuditConfig:IAMAuditConfig":            layer.Observability,
		"gcp:kms/cryptoKey:CryptoKey":                           layer.Data,
		"gcp:something/new:New":                                 layer.Observability,
	} {
		assert.Equal(t, want, layer.Of(typ), typ)
	}
}

func TestLayersAreNumberedInOrder(t *testing.T) {
	t.Parallel()
	for i, l := range layer.All() {
		assert.Equal(t, i+1, l.Number)
		assert.Equal(t, l.Name, layer.Name(l.Number))
	}
	assert.Empty(t, layer.Name(0))
	assert.Empty(t, layer.Name(8))
}

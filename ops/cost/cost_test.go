package cost_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/ops/cost"
	"github.com/coditect-ai/license-platform/stack/plan"
)

func estimate(t *testing.T, stack string, changes ...plan.Change) (cost.Estimate, error) {
	t.Helper()
	made, err := plan.Make("../..", stack, changes...)
	require.NoError(t, err)
	prices, err := cost.Listed()
	require.NoError(t, err)
	return cost.Of(made, prices)
}

func monthly(e cost.Estimate, component string) (sum float64) {
	for _, line := range e.Lines {
		if line.Component == component {
			sum += line.Monthly
		}
	}
	return sum
}

func TestProdCostsWhatItsSizesCost(t *testing.T) {
	t.Parallel()
	e, err := estimate(t, "prod")
	require.NoError(t, err)
	const hours = 730
	assert.InDelta(t, 2*(2*0.0413*hours+7.5*0.007*hours+10*0.17), monthly(e, "Cloud SQL"), 0.001, "two processors, 7.5 GiB and 10 GiB of disk, all twice")
	assert.InDelta(t, 6*0.046*hours, monthly(e, "Redis"), 0.001, "6 GiB with a replica")
	assert.InDelta(t, 5*1.00+0.06, monthly(e, "Cloud KMS"), 0.001, "five HSM keys and a software version that signs")
	assert.InDelta(t, 2*0.06, monthly(e, "Secret Manager"), 0.001)
	assert.Zero(t, monthly(e, "GKE cluster"), "the IDE's")
	assert.Zero(t, monthly(e, "Load balancer"), "the IDE's")
	assert.Len(t, e.Shared, 2)
	sum := 0.0
	for _, line := range e.Lines {
		sum += line.Monthly
		assert.Positive(t, line.Monthly, line.What)
	}
	assert.InDelta(t, sum, e.Total, 0.001)
}

func TestDevPaysForItsOwnClusterAndEdge(t *testing.T) {
	t.Parallel()
	e, err := estimate(t, "dev")
	require.NoError(t, err)
	const hours = 730
	assert.InDelta(t, 0.10*hours+3*0.067006*hours+3*50*0.10, monthly(e, "GKE cluster"), 0.001, "one node of 50 GiB in each of three zones")
	assert.InDelta(t, 0.025*hours, monthly(e, "Load balancer"), 0.001)
	assert.InDelta(t, 2*0.20+3*0.0014*hours+0.005*hours, monthly(e, "Network"), 0.001)
	assert.InDelta(t, 1*0.049*hours, monthly(e, "Redis"), 0.001)
	assert.Empty(t, e.Shared)
}

func TestALargerSizeCostsMore(t *testing.T) {
	t.Parallel()
	before, err := estimate(t, "prod")
	require.NoError(t, err)
	after, err := estimate(t, "prod", plan.Set("data.sql.tier", "db-custom-4-15360"), plan.Set("data.redis.memoryGib", 11))
	require.NoError(t, err)
	const hours = 730
	assert.InDelta(t, 2*(2*0.0413*hours+7.5*0.007*hours), monthly(after, "Cloud SQL")-monthly(before, "Cloud SQL"), 0.001)
	assert.InDelta(t, 11*0.035*hours, monthly(after, "Redis"), 0.001, "from 11 GiB each costs less")
}

func TestAnAlertCostsByItsConditions(t *testing.T) {
	t.Parallel()
	made, err := plan.Make("../..", "prod")
	require.NoError(t, err)
	policies := made.Of("gcp:monitoring/alertPolicy:AlertPolicy")
	conditions := 0
	for _, policy := range policies {
		conditions += len(policy.Get("conditions").([]any))
	}
	e, err := estimate(t, "prod")
	require.NoError(t, err)

	assert.Greater(t, conditions, len(policies), "a burning budget has two: over the long and over the short time")
	assert.InDelta(t, 0.10*float64(conditions), monthly(e, "Monitoring"), 0.001)
}

func TestWhatHasNoPriceIsAnErrorAndNotZero(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack, typ, path string
		value            any
		says             string
	}{
		"a tier":            {"prod", "gcp:sql/databaseInstance:DatabaseInstance", "settings.tier", "db-f1-micro", "settings.tier = db-f1-micro has no price"},
		"an edition":        {"prod", "gcp:sql/databaseInstance:DatabaseInstance", "settings.edition", "ENTERPRISE_PLUS", "settings.edition"},
		"an availability":   {"prod", "gcp:sql/databaseInstance:DatabaseInstance", "settings.availabilityType", nil, "settings.availabilityType"},
		"a disk":            {"prod", "gcp:sql/databaseInstance:DatabaseInstance", "settings.diskSize", nil, "settings.diskType"},
		"a cache's tier":    {"prod", "gcp:redis/instance:Instance", "tier", "GOLD", `no price "redis.GOLD.M2"`},
		"a cache's memory":  {"prod", "gcp:redis/instance:Instance", "memorySizeGb", nil, "memorySizeGb"},
		"a machine":         {"dev", "gcp:container/nodePool:NodePool", "nodeConfig.machineType", "z9-mega", `no price "node.z9-mega"`},
		"a node's disk":     {"dev", "gcp:container/nodePool:NodePool", "nodeConfig.diskType", "pd-gold", `no price "disk.pd-gold"`},
		"a number of nodes": {"dev", "gcp:container/nodePool:NodePool", "autoscaling", nil, "minNodeCount"},
		"a key's level":     {"prod", "gcp:kms/cryptoKey:CryptoKey", "versionTemplate.protectionLevel", "EXTERNAL", `no price "kms.EXTERNAL"`},
		"a version's key":   {"prod", "gcp:kms/cryptoKeyVersion:CryptoKeyVersion", "cryptoKey", "another", "a key of the stack"},
		"a region":          {"prod", "gcp:redis/instance:Instance", "region", "europe-west1", "runs in europe-west1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := plan.Make("../..", c.stack)
			require.NoError(t, err)
			for i, r := range made.Resources {
				if r.Type == c.typ {
					changed, ok := r.With(c.path, c.value)
					require.True(t, ok)
					made.Resources[i] = changed
				}
			}
			prices, err := cost.Listed()
			require.NoError(t, err)
			_, err = cost.Of(made, prices)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestAKindThatNobodyPricedIsAnError(t *testing.T) {
	t.Parallel()
	made, err := plan.Make("../..", "prod")
	require.NoError(t, err)
	prices, err := cost.Listed()
	require.NoError(t, err)
	made.Resources = append(made.Resources, declared.Resource{Type: "gcp:compute/route:Route", Name: "default", Custom: true})
	_, err = cost.Of(made, prices)
	assert.ErrorContains(t, err, "gcp:compute/route:Route default has no price")
}

func TestEveryPriceHasASourceAndADate(t *testing.T) {
	t.Parallel()
	prices, err := cost.Listed()
	require.NoError(t, err)
	all := []cost.Price{}
	for _, price := range prices.Prices {
		all = append(all, price)
	}
	for _, use := range prices.ByUse {
		all = append(all, use.Price)
	}
	for _, price := range all {
		assert.Positive(t, price.USD)
		assert.NotEmpty(t, price.Per)
		assert.Regexp(t, `^https://cloud\.google\.com/.+`, price.Source)
		assert.Regexp(t, `^20\d\d-\d\d(-\d\d)?$`, price.Date)
	}
}

func TestTheTablesSayThatTheyAreEstimates(t *testing.T) {
	t.Parallel()
	e, err := estimate(t, "prod")
	require.NoError(t, err)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text":     func(b *bytes.Buffer) error { return e.Text(b) },
		"markdown": func(b *bytes.Buffer) error { return e.Markdown(b) },
	} {
		var written bytes.Buffer
		require.NoError(t, write(&written))
		for _, part := range []string{"An estimate", "db-custom-2-7680", "Paid by use", "2026-05", "million requests"} {
			assert.Contains(t, written.String(), part, name)
		}
	}
	var encoded bytes.Buffer
	require.NoError(t, e.JSON(&encoded))
	var decoded cost.Estimate
	require.NoError(t, json.Unmarshal(encoded.Bytes(), &decoded))
	assert.InDelta(t, e.Total, decoded.Total, 0.001)
}

package setting_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting"
)

func TestTheNearestWordIsTheOneThatWasMeant(t *testing.T) {
	t.Parallel()
	known := []string{"us-central1", "us-east1", "europe-west1", "europe-west10", "lockdown", "platform", "off"}
	for written, meant := range map[string]string{
		"us-centrl1": "us-central1", "europe-wst10": "europe-west10", "Lockdown": "lockdown", "lock-down": "lockdown",
		"plattform": "platform", "of": "off", "zzz": "", "": "", "x": "",
	} {
		assert.Equal(t, meant, setting.Nearest(written, known), written)
	}
	assert.Empty(t, setting.Nearest("lock", known), "half of a word is missing")
	for _, written := range []string{"x", ""} {
		assert.Empty(t, setting.Nearest(written, []string{"y"}), "%q has no letter of the word", written)
	}
	west := []string{"us-west2", "us-west1", "us-west4"}
	assert.Equal(t, "us-west1", setting.Nearest("us-west", west), "of several that are as near, the first of the alphabet: not another one each time")
	assert.Equal(t, "us-west4", setting.Nearest("us-wst4", west), "several that are as near hide none that is nearer")
	assert.Equal(t, "us-east1?; one of us-central1, us-east1", setting.Hint("us-eats1", []string{"us-central1", "us-east1"}))
	assert.Equal(t, "one of a, b", setting.Hint("quite other", []string{"a", "b"}))
}

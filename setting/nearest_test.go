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
	assert.Equal(t, "us-east1?; one of us-central1, us-east1", setting.Hint("us-eats1", []string{"us-central1", "us-east1"}))
	assert.Equal(t, "one of a, b", setting.Hint("quite other", []string{"a", "b"}))
}

package daemon

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/monitoring"
)

func TestThePageNamesTheAlertsThatFireAndNotThoseThatMay(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"alert KeyDestroyed: A key is gone; see docs/playbooks/key-version-destroyed.md"}, firing(monitoring.Status{
		Incidents: []monitoring.Incident{
			{Alert: "KeyDestroyed", Summary: "A key is gone", Playbook: "docs/playbooks/key-version-destroyed.md", State: monitoring.Firing},
			{Alert: "Soon", State: monitoring.Pending},
		},
	}))
	assert.Empty(t, firing(monitoring.Status{}))
}

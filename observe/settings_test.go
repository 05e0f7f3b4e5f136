package observe_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe"
	"github.com/coditect-ai/license-platform/observe/alert"
)

func TestWrongObservabilitySettingsAreNamedWithTheirKey(t *testing.T) {
	t.Parallel()
	require.Empty(t, observe.Settings{}.Validate(), "everything has a default")
	for name, c := range map[string]struct {
		spoil func(*observe.Settings)
		keys  []string
	}{
		"a bucket that Google made": {
			func(s *observe.Settings) { s.Bucket = "_Default" }, []string{"bucket"},
		},
		"logs for eleven years": {
			func(s *observe.Settings) { s.RetentionDays = 4000 }, []string{"retentionDays"},
		},
		"a service by its title, and one twice": {
			func(s *observe.Settings) {
				s.AuditedServices = []string{"Cloud KMS", "secretmanager.googleapis.com", "secretmanager.googleapis.com"}
			},
			[]string{"auditedServices[0]", "auditedServices[2]"},
		},
		"an address with a name, and one twice": {
			func(s *observe.Settings) { s.Emails = []string{"Ops <ops@coditect.ai>", "a@b.c", "a@b.c"} },
			[]string{"emails[0]", "emails[2]"},
		},
		"more addresses than an alert notifies": {
			func(s *observe.Settings) {
				for i := range 17 {
					s.Emails = append(s.Emails, fmt.Sprintf("ops-%d@coditect.ai", i))
				}
			}, []string{"emails"},
		},
		"playbooks without encryption": {
			func(s *observe.Settings) { s.Playbooks = "http://wiki/" }, []string{"playbooks"},
		},
		"an alert that always fires": {
			func(s *observe.Settings) { s.Alerts.RefusalsPerSecond = -1 }, []string{"alerts.refusalsPerSecond"},
		},
		"an alert that never fires": {
			func(s *observe.Settings) { s.Alerts.PoolShare = 1 }, []string{"alerts.poolShare"},
		},
		"a share in percent": {
			func(s *observe.Settings) { s.Alerts.RedisMemoryShare = 80 }, []string{"alerts.redisMemoryShare"},
		},
		"a certificate that is not renewed yet": {
			func(s *observe.Settings) { s.Alerts.CertificateDays = 30 }, []string{"alerts.certificateDays"},
		},
		"denials that always fire": {
			func(s *observe.Settings) { s.Alerts.DenialsPerSecond = -0.1 }, []string{"alerts.denialsPerSecond"},
		},
		"an alert over an audit log that is off": {
			func(s *observe.Settings) { s.AuditedServices = []string{"cloudkms.googleapis.com"} }, []string{"auditedServices"},
		},
		"a person who deploys, and an account twice": {
			func(s *observe.Settings) {
				s.Deployers = []string{"ann@coditect.ai", "up@acme.iam.gserviceaccount.com", "up@acme.iam.gserviceaccount.com"}
			},
			[]string{"deployers[0]", "deployers[2]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var settings observe.Settings
			c.spoil(&settings)

			var keys []string
			for _, problem := range settings.Validate() {
				keys = append(keys, problem.Key)
			}

			assert.Equal(t, c.keys, keys)
		})
	}
}

func TestTheLeastAndTheMostAreTaken(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]observe.Settings{
		"the least": {RetentionDays: 1, Alerts: alert.Thresholds{CertificateDays: 1}},
		"the most":  {RetentionDays: 3650, Alerts: alert.Thresholds{CertificateDays: 29}},
		"an audit configuration of the project's owner": {ExistingAudit: true},
	} {
		assert.Empty(t, settings.Validate(), name)
	}
	both := observe.Settings{ExistingAudit: true, AuditedServices: []string{"secretmanager.googleapis.com"}}
	assert.ErrorContains(t, both.Validate().Err(), "nothing is declared with observe.existingAudit")
}

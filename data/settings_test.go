package data_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/data"
)

func TestSettingsNeedNothingButASigningVersion(t *testing.T) {
	t.Parallel()
	assert.Empty(t, valid().Validate())
	assert.True(t, valid().Protected(), "protection is not something to forget")
}

func TestWrongSettingsAreNamedWithTheirKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*data.Settings)
		keys  []string
	}{
		"a key rotates after more than 90 days": {
			func(s *data.Settings) { s.Keys.RotationSeconds = 7776001 }, []string{"keys.rotationSeconds"},
		},
		"a key rotates daily, which Cloud KMS refuses": {
			func(s *data.Settings) { s.Keys.RotationSeconds = 86400 }, []string{"keys.rotationSeconds"},
		},
		"a destroyed key is gone at once": {
			func(s *data.Settings) { s.Keys.DestroySeconds = 3600 }, []string{"keys.destroySeconds"},
		},
		"a key ring with a slash": {
			func(s *data.Settings) { s.Keys.Ring = "a/b" }, []string{"keys.ring"},
		},
		"an unknown protection level": {
			func(s *data.Settings) { s.Keys.Protection, s.Signing.Protection = "VAULT", "VAULT" },
			[]string{"keys.protection", "signing.protection"},
		},
		"no signing version": {
			func(s *data.Settings) { s.Signing.Versions = nil }, []string{"signing.versions"},
		},
		"an active version that does not exist": {
			func(s *data.Settings) { s.Signing.Active = "2027-02" }, []string{"signing.active"},
		},
		"an active version that is disabled": {
			func(s *data.Settings) { s.Signing.Versions[1].State = data.Disabled }, []string{"signing.active"},
		},
		"a version twice": {
			func(s *data.Settings) { s.Signing.Versions[0].Name = "2026-11" }, []string{"signing.versions[1].name"},
		},
		"a version that is destroyed by its state": {
			func(s *data.Settings) { s.Signing.Versions[0].State = "DESTROYED" }, []string{"signing.versions[0].state"},
		},
		"a tier with an odd number of CPUs": {
			func(s *data.Settings) { s.SQL.Tier = "db-custom-3-7680" }, []string{"sql.tier"},
		},
		"a tier with more CPUs than there are": {
			func(s *data.Settings) { s.SQL.Tier = "db-custom-98-638976" }, []string{"sql.tier"},
		},
		"a tier with too little memory": {
			func(s *data.Settings) { s.SQL.Tier = "db-custom-1-3328" }, []string{"sql.tier"},
		},
		"a tier with too much memory for its CPUs": {
			func(s *data.Settings) { s.SQL.Tier = "db-custom-2-13568" }, []string{"sql.tier"},
		},
		"a tier with a piece of memory": {
			func(s *data.Settings) { s.SQL.Tier = "db-custom-2-7681" }, []string{"sql.tier"},
		},
		"a tier of another edition": {
			func(s *data.Settings) { s.SQL.Tier = "db-perf-optimized-N-2" }, []string{"sql.tier"},
		},
		"point-in-time recovery longer than the edition has": {
			func(s *data.Settings) { s.SQL.Backup.LogDays = 14 }, []string{"sql.backup.logDays"},
		},
		"point-in-time recovery without a backup to begin with": {
			func(s *data.Settings) { s.SQL.Backup.Count, s.SQL.Backup.LogDays = 7, 7 }, []string{"sql.backup.logDays"},
		},
		"one backup, which promises no whole day": {
			func(s *data.Settings) { s.SQL.Backup.Count = 1 }, []string{"sql.backup.logDays"},
		},
		"no backup window": {
			func(s *data.Settings) { s.SQL.Backup.Start = "25:00" }, []string{"sql.backup.start"},
		},
		"a flag that would stop the audit trail": {
			func(s *data.Settings) { s.SQL.Flags = map[string]string{"log_statement": "none"} }, []string{"sql.flags.log_statement"},
		},
		"a flag that is misspelt": {
			func(s *data.Settings) { s.SQL.Flags = map[string]string{"max_conections": "100"} }, []string{"sql.flags.max_conections"},
		},
		"a flag with a unit": {
			func(s *data.Settings) { s.SQL.Flags = map[string]string{"work_mem": "64MB"} }, []string{"sql.flags.work_mem"},
		},
		"a cache that is no part of the memory": {
			func(s *data.Settings) { s.SQL.Flags = map[string]string{"shared_buffers": "16384"} }, []string{"sql.flags.shared_buffers"},
		},
		"a cache that fits another tier": {
			func(s *data.Settings) {
				s.SQL.Tier, s.SQL.Flags = "db-custom-1-3840", map[string]string{"effective_cache_size": "655360"}
			}, []string{"sql.flags.effective_cache_size"},
		},
		"a signing key with the name of an encryption key": {
			func(s *data.Settings) { s.Signing.Key = "cmek-sql" }, []string{"signing.key"},
		},
		"a flag that goes unchecked and is not there": {
			func(s *data.Settings) { s.SQL.UncheckedFlags = []string{"new_flag"} }, []string{"sql.uncheckedFlags[0]"},
		},
		"a flag of the audit trail that goes unchecked": {
			func(s *data.Settings) {
				s.SQL.Flags, s.SQL.UncheckedFlags = map[string]string{"Log_Statement": "none"}, []string{"Log_Statement"}
			}, []string{"sql.flags.Log_Statement"},
		},
		"an audit class that logs everything": {
			func(s *data.Settings) { s.SQL.AuditClasses = []string{"all"} }, []string{"sql.auditClasses[0]"},
		},
		"a maintenance on the eighth day": {
			func(s *data.Settings) { s.SQL.Maintenance.Day, s.Redis.Maintenance.Day = 8, 8 },
			[]string{"sql.maintenance.day", "redis.maintenance.day"},
		},
		"a cache of an unknown tier and size": {
			func(s *data.Settings) { s.Redis.Tier, s.Redis.MemoryGib = "LARGE", 301 }, []string{"redis.tier", "redis.memoryGib"},
		},
		"a repository that keeps one image, so that no rollback is left": {
			func(s *data.Settings) { s.Registry.Keep = 1 }, []string{"registry.keep"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := valid()
			c.spoil(&settings)

			var keys []string
			for _, problem := range settings.Validate() {
				keys = append(keys, problem.Key)
				assert.NotEmpty(t, problem.Why)
				assert.NotEmpty(t, problem.Allowed)
			}

			assert.Equal(t, c.keys, keys)
		})
	}
}

func TestProtectionIsLostOnlyByAnExplicitFalse(t *testing.T) {
	t.Parallel()
	for text, protected := range map[string]bool{
		`{}`:                            true,
		`{"deletionProtection": true}`:  true,
		`{"deletionProtection": null}`:  true,
		`{"deletionProtection": false}`: false,
	} {
		var settings data.Settings
		require.NoError(t, json.Unmarshal([]byte(text), &settings))
		assert.Equal(t, protected, settings.Protected(), text)
	}
}

func TestAFlagThatGoogleAddedIsTakenWhenItsNameIsAmongTheUncheckedOnes(t *testing.T) {
	t.Parallel()
	settings := valid()
	settings.SQL.Flags = map[string]string{"max_connections": "500", "cloudsql.enable_tomorrow": "on"}

	err := settings.Validate().Err()

	require.ErrorContains(t, err, `sql.flags.cloudsql.enable_tomorrow = "on": is not a database flag of Cloud SQL for PostgreSQL 16`)
	require.ErrorContains(t, err, "add the name to uncheckedFlags")
	settings.SQL.UncheckedFlags = []string{"cloudsql.enable_tomorrow"}
	assert.Empty(t, settings.Validate())
}

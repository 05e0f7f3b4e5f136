package sqlflag

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAFlagIsTakenOrTheRightNameTypeAndRangeAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, why, allowed string }{
		{"max_connections", "500", "", ""},
		{"work_mem", "65536", "", ""},
		{"TimeZone", "Europe/Berlin", "", ""},
		{"timezone", "UTC", "", ""},
		{"autovacuum_vacuum_scale_factor", "0.05", "", ""},
		{"log_min_messages", "WARNING", "", ""},
		{"default_transaction_isolation", "repeatable read", "", ""},
		{"password_encryption", "scram-sha-256", "", ""},
		{"ssl_min_protocol_version", "TLSv1.2", "", ""},
		{"wal_compression", "lz4", "", ""},
		{"hot_standby_feedback", "on", "", ""},
		{"cloudsql.logical_decoding", "on", "", ""},
		{"cron.database_name", "license", "", ""},
		{"rdkit.agent_FP_bit_ratio", "0.2", "", ""},
		{"plv8.start_proc", "setup", "", ""},
		{"google_vacuum_mgmt.enable", "on", "", ""},
		{"max_connections", "1", "", ""},
		{"max_connections", "262143", "", ""},
		{"autovacuum_vacuum_scale_factor", "0", "", ""},
		{"autovacuum_vacuum_scale_factor", "100", "", ""},

		{"10.0.0.0/33", "", "is not a database flag", "a flag of https"},
		{"a..b", "", "is not a database flag", "a flag of https"},
		{"shop.example.com.", "on", "is not a database flag", "a flag of https"},
		{"log_conections", "on", "is not a database flag", "log_connections?; a flag of https"},
		{"work-mem", "64", "is not a database flag", "work_mem?"},
		{"LOG_CONECTIONS", "on", "is not a database flag", "log_connections?"},
		{"cloudsq.enable_pgaudit", "on", "is not a database flag", "cloudsql.enable_pgaudit?"},
		{"cloudsql.enable_everything", "on", "is not a database flag", "a flag of https"},
		{"pgaudit.logg", "ddl", "is not a database flag", "pgaudit.log?"},
		{"pgaudit.quite_another_thing", "on", "is not a database flag", "a flag of https"},
		{"log.connections", "on", "is not a database flag", "log_connections?"},
		{"audit.log", "ddl", "is not a database flag", "pgaudit.log?"},
		{"force_parallel_mode", "on", "is not a database flag", "a flag of https"},
		{"server_version", "17", "is not a database flag", "a flag of https"},
		{"listen_addresses", "*", "keeps to itself", "a flag of https"},
		{"ssl_key_file", "x", "keeps to itself", "a flag of https"},
		{"wal_level", "logical", "keeps to itself", "cloudsql.logical_decoding = on"},

		{"max_connections", "many", "is not a whole number", "1 to 262143"},
		{"max_connections", "0", "is out of range", "1 to 262143"},
		{"max_connections", "262144", "is out of range", "1 to 262143"},
		{"max_connections", "1.5", "is not a whole number", "1 to 262143"},
		{"work_mem", "64MB", "is not a whole number without a unit", "64 to 2147483647, counted in units of kB"},
		{"temp_file_limit", "-1", "is out of range", "1048576 to 2147483647"},
		{"autovacuum_vacuum_scale_factor", "-0.01", "is out of range", "0 to 100"},
		{"autovacuum_vacuum_scale_factor", "100.01", "is out of range", "0 to 100"},
		{"autovacuum_vacuum_scale_factor", "NaN", "is out of range", "0 to 100"},
		{"autovacuum_vacuum_scale_factor", "a tenth", "is not a number", "0 to 100"},
		{"jit", "true", "is not on or off", "on or off"},
		{"log_error_verbosity", "verbse", "is not one of its words", "verbose?; one of terse, default, verbose"},
	} {
		why, allowed := Check(c.name, c.value)
		if c.why == "" {
			assert.Empty(t, why, "%s = %s", c.name, c.value)
			assert.Empty(t, allowed)
			continue
		}
		assert.Contains(t, why, c.why, "%s = %s", c.name, c.value)
		assert.Contains(t, allowed, c.allowed, "%s = %s", c.name, c.value)
	}
}

func TestAFlagThatIsAPartOfTheMemoryFitsTheInstance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, why, allowed string }{
		{"shared_buffers", "98304", "", ""},
		{"shared_buffers", "589824", "", ""},
		{"Shared_Buffers", "98303", "is not 10 to 60 % of the instance's memory of 7680 MiB", "98304 to 589824, counted in units of 8kB"},
		{"shared_buffers", "589825", "is not 10 to 60 %", "98304 to 589824"},
		{"effective_cache_size", "688128", "", ""},
		{"effective_cache_size", "688129", "is not 10 to 70 %", "98304 to 688128"},
		{"effective_cache_size", "1GB", "", ""}, // Check tells of it
		{"work_mem", "64", "", ""},
	} {
		why, allowed := CheckMemory(c.name, c.value, 7680)
		assert.Equal(t, c.why == "", why == "", "%s = %s", c.name, c.value)
		assert.Contains(t, why, c.why)
		assert.Contains(t, allowed, c.allowed)
	}
	why, _ := CheckMemory("shared_buffers", "16", 0)
	assert.Empty(t, why, "a tier that cannot be read is told by another check")
}

func TestTheTablesAreWhole(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, table := range []string{postgres, cloudSQL} {
		names := map[string]bool{}
		for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
			fields := strings.Split(line, "\t")
			assert.LessOrEqual(t, len(fields), columns, line)
			fields = append(fields, make([]string, columns)...)
			lines++
			name := strings.ToLower(fields[0])
			assert.False(t, names[name], "%s is there twice", name)
			names[name] = true
			assert.Contains(t, []string{boolean, integer, number, word, text}, fields[1], line)
			assert.Equal(t, fields[1] == word, fields[5] != "", line)
			if fields[1] == integer || fields[1] == number {
				least, err := strconv.ParseFloat(fields[2], 64)
				assert.NoError(t, err, line)
				most, err := strconv.ParseFloat(fields[3], 64)
				assert.NoError(t, err, line)
				assert.Less(t, least, most, line)
			}
		}
	}
	assert.Greater(t, lines, 400)
	assert.Less(t, len(known()), lines, "Cloud SQL's narrower bounds stand for PostgreSQL's")
}
